using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>
/// Finds the final answer in the answer part of a completion: the last box; else the last answer tag; else what follows the last phrase such
/// as "final answer is"; else the whole text when it is nothing but an answer; else the formula or, where that is allowed, number that the last
/// conclusion states. An answer that the text refuses or takes back is none. Every scan is linear in the length of the text.
/// </summary>
internal static class AnswerExtraction
{
    /// <summary>Longest text that is looked at, in characters.</summary>
    public const int LongestText = 1 << 22;

    private static readonly SearchValues<char> Computing = SearchValues.Create("0123456789+*/^");

    /// <summary>All rules but the box look only at so many characters of the end.</summary>
    private const int Tail = 1 << 16;

    /// <summary>The answer and where it stood, or null. An empty box is an empty answer: nothing before it counts.</summary>
    public static ExtractedAnswer? Find(string text) => Find(text, MathOptions.Default, bareNumber: false);

    /// <inheritdoc cref="Find(string)"/>
    /// <param name="text">The answer part.</param>
    /// <param name="options">What counts as an answer.</param>
    /// <param name="bareNumber">Whether a plain number that the last conclusion states is an answer.</param>
    public static ExtractedAnswer? Find(string text, MathOptions options, bool bareNumber)
    {
        if (BoxScan.Last(text, options.AllowUnclosedBox) is { } box) return Boxed(text, box, options);
        string trimmed = text.TrimEnd();
        string tail = trimmed.Length <= Tail ? trimmed : trimmed[^Tail..];
        if (Tag(tail) is { } tagged) return tagged;
        tail = Emphasis(tail);
        if (AnswerPhrases.Last(tail) is { } said)
            return Retraction.After(tail, said.End) is >= 0 and int retracted ? Better(tail[retracted..]) : new ExtractedAnswer(said.Text, AnswerPlace.Phrase);
        return Unmarked(tail, bareNumber);
    }

    // The whole text when it is an answer, what its end concludes, its last bold words, or a sentence that may be equal as a text.
    private static ExtractedAnswer? Unmarked(string tail, bool bareNumber)
    {
        string paragraph = LastParagraph(tail);
        if (Retraction.IsDoubtful(LastSentence(paragraph))) return null;
        string whole = Lines(Plain(tail));
        bool isShort = whole.Length is > 0 and <= MathVerifier.LongestAnswer;
        bool isFormula = isShort && !whole.Contains("\n\n", StringComparison.Ordinal) && Latex.Parser.Parse(VisibleText.Of(whole)) is not null;
        bool isSentence = ProseSentences.IsSentence(whole);
        if (isFormula && !isSentence) return new ExtractedAnswer(whole, AnswerPlace.Whole);
        ExtractedAnswer? concluded = ProseReading.Find(tail, bareNumber);
        if (concluded is { Text.Length: > 0 }) return concluded;
        if (isFormula && !bareNumber && !ProseSentences.Denies(whole)) return new ExtractedAnswer(whole, AnswerPlace.Whole) { Complement = ProseSentences.Complement(whole) };
        if (Bold(paragraph) is { } bold) return new ExtractedAnswer(bold, AnswerPlace.Phrase);
        if (concluded is not null && bareNumber) return null;
        return isShort && !whole.Contains('\n') ? new ExtractedAnswer(whole, AnswerPlace.Whole) { IsProse = true, Complement = ProseSentences.Complement(whole) } : null;
    }

    // A box that is refused is none; what was put in place of a retracted one is the answer.
    private static ExtractedAnswer Boxed(string text, (string Text, int Start, int End) box, MathOptions options)
    {
        if (box.Text.Length == 0) return new ExtractedAnswer("", AnswerPlace.Box);
        if (Retraction.IsRefused(text.AsSpan(0, box.Start), text.AsSpan(box.End)))
            return BoxScan.Last(text[..box.Start], options.AllowUnclosedBox) is { Text.Length: > 0 } before ? new ExtractedAnswer(before.Text, AnswerPlace.Box) : Better(text[box.End..]);
        if (Retraction.IsGuess(text.AsSpan(0, box.Start)) || text.AsSpan(box.End).TrimStart(" $*\\)]").StartsWith("?")) return new ExtractedAnswer("", AnswerPlace.Box);
        return Retraction.After(text, box.End) is >= 0 and int retracted ? Better(text[retracted..]) : new ExtractedAnswer(box.Text, AnswerPlace.Box);
    }

    private static ExtractedAnswer Better(string text) =>
        AnswerPhrases.Last(text) is { } said ? new ExtractedAnswer(said.Text, AnswerPlace.Phrase) : ProseReading.Find(text.TrimEnd(), numbers: true) ?? new ExtractedAnswer("", AnswerPlace.Phrase);

    /// <summary>A text without the Markdown and quotation marks around it.</summary>
    public static string Plain(string text)
    {
        string trimmed = text.Trim();
        while (trimmed.Length > 1 && trimmed[0] is '*' or '_' or '`' or '"' or '#' && (trimmed[^1] == trimmed[0] || trimmed[0] == '#')) trimmed = trimmed.Trim(trimmed[0]).Trim();
        return trimmed;
    }

    // Lines of equations: what the last one comes to when they are about the same name, else all of them.
    private static string Lines(string text)
    {
        if (text.Length > MathVerifier.LongestAnswer || !text.Contains('\n') || text.Contains('\\')) return text;
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] names = [.. lines.Select(line => line.IndexOf('=') is > 0 and int sign ? line[..sign].TrimEnd() : "")];
        if (lines.Length < 2 || names.Contains("")) return text;
        if (names.Any(name => name.AsSpan().ContainsAny(Computing))) return lines[^1];
        return names.Distinct().Count() == names.Length ? string.Join(", ", lines) : lines[^1];
    }

    // HTML's emphasis as Markdown's.
    private static string Emphasis(string text) => !text.Contains("</", StringComparison.Ordinal) ? text
        : text.Replace("<b>", "**", StringComparison.Ordinal).Replace("</b>", "**", StringComparison.Ordinal).Replace("<strong>", "**", StringComparison.Ordinal).Replace("</strong>", "**", StringComparison.Ordinal);

    private static ExtractedAnswer? Tag(string text)
    {
        int close = text.LastIndexOf("</answer>", StringComparison.OrdinalIgnoreCase);
        int open = close < 0 ? -1 : text.LastIndexOf("<answer>", close, StringComparison.OrdinalIgnoreCase);
        if (open < 0) return null;
        string content = Plain(text[(open + "<answer>".Length)..close]);
        return new ExtractedAnswer(AnswerPhrases.Last(content) is { } said ? said.Text : content, AnswerPlace.Tag);
    }

    private static string LastParagraph(string text)
    {
        string trimmed = text.TrimEnd();
        int start = trimmed.LastIndexOf("\n\n", StringComparison.Ordinal);
        return start < 0 ? trimmed : trimmed[(start + 2)..];
    }

    private static ReadOnlySpan<char> LastSentence(string paragraph)
    {
        ReadOnlySpan<char> trimmed = paragraph.AsSpan().TrimEnd(" .!\n");
        int start = Math.Max(trimmed.LastIndexOf(". "), trimmed.LastIndexOf('\n'));
        return Retraction.LastClause(start < 0 ? trimmed : trimmed[(start + 1)..]);
    }

    // **73** alone on the last line, or the last bold text of the paragraph.
    private static string? Bold(string paragraph)
    {
        int close = paragraph.LastIndexOf("**", StringComparison.Ordinal);
        int open = close <= 0 ? -1 : paragraph.LastIndexOf("**", close - 1, StringComparison.Ordinal);
        return open < 0 || close - open > 200 ? null : paragraph[(open + 2)..close].Trim().TrimEnd(':') is { Length: > 0 } bold ? bold : null;
    }
}
