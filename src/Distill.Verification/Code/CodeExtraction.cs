namespace Distill.Verification.Code;

/// <summary>A program found in a completion.</summary>
/// <param name="Text">The program.</param>
/// <param name="Fenced">Whether it stood in a fenced block; if not, it is the whole answer, which may not be a program at all.</param>
internal readonly record struct ExtractedProgram(string Text, bool Fenced);

/// <summary>
/// Finds the program in the answer part of a completion: the last fenced block in the wanted language that defines what the tests call,
/// else the last one in that language, else the last block of all, else the whole answer.
/// </summary>
internal static class CodeExtraction
{
    private const int LongestProgram = 1 << 20;

    /// <summary>The program, or null when the answer is empty or too long to be one.</summary>
    /// <param name="answer">The answer part, without reasoning.</param>
    /// <param name="language">Which language is wanted.</param>
    /// <param name="definition">A piece of text that the program should contain, e.g. <c>def solve</c>; or null.</param>
    public static ExtractedProgram? Find(string answer, CodeLanguage language, string? definition)
    {
        var blocks = new List<(string Tag, string Text)>(Blocks(answer));
        string[] tags = language == CodeLanguage.CSharp ? ["csharp", "cs", "c#"] : ["python", "python3", "py"];
        (string Tag, string Text)[] wanted = [.. blocks.Where(block => tags.Contains(block.Tag))];
        ExtractedProgram? found =
            definition is not null && wanted.LastOrDefault(block => block.Text.Contains(definition, StringComparison.Ordinal)) is { Text: { } defining } ? new(defining, true)
            : wanted.Length > 0 ? new(wanted[^1].Text, true)
            : blocks.Count > 0 ? new(blocks[^1].Text, true)
            : string.IsNullOrWhiteSpace(answer) ? null
            : new(answer, false);
        return found is { } program && program.Text.Length <= LongestProgram && !string.IsNullOrWhiteSpace(program.Text) ? program : null;
    }

    /// <summary>The last fenced block with a tag, else the last one of all; null when there is none.</summary>
    public static string? LastBlock(string answer, string tag)
    {
        var blocks = new List<(string Tag, string Text)>(Blocks(answer));
        return blocks.LastOrDefault(block => block.Tag == tag).Text ?? (blocks.Count > 0 ? blocks[^1].Text : null);
    }

    // A fence may be indented in a list; the block then is too. A block without its closing fence goes on to the end.
    private static IEnumerable<(string Tag, string Text)> Blocks(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimStart();
            if (FenceOf(line) is not { } fence) continue;
            int indent = lines[i].Length - line.Length;
            int start = i + 1;
            for (i = start; i < lines.Length && !IsClosing(lines[i], fence); i++) { }
            string tag = line.TrimStart(fence[0]).Trim().Split([' ', '{', ':', ','], 2)[0].ToLowerInvariant();
            yield return (tag, string.Join('\n', lines[start..Math.Min(i, lines.Length)].Select(code => Unindent(code, indent))));
        }
    }

    private static string? FenceOf(string line)
    {
        foreach (char mark in "`~")
        {
            int length = line.AsSpan().IndexOfAnyExcept(mark);
            if (length < 0) length = line.Length;
            if (length >= 3 && !line.AsSpan(length).Contains(mark)) return new string(mark, length);
        }
        return null;
    }

    private static bool IsClosing(string line, string fence)
    {
        string trimmed = line.Trim();
        return trimmed.Length >= fence.Length && trimmed.AsSpan().IndexOfAnyExcept(fence[0]) < 0;
    }

    private static string Unindent(string line, int indent)
    {
        int blank = 0;
        while (blank < indent && blank < line.Length && line[blank] == ' ') blank++;
        return line[blank..];
    }
}
