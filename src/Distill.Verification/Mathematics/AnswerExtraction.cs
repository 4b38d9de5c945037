namespace Distill.Verification.Mathematics;

/// <summary>
/// Finds the final answer in the answer part of a completion: the last box; else what follows the last phrase such as "final
/// answer is"; else the whole text when it is a number. Every scan is linear in the length of the text.
/// </summary>
internal static class AnswerExtraction
{
    /// <summary>All rules but the box look only at so many characters of the end.</summary>
    private const int Tail = 1 << 16;

    private static readonly string[] Boxes = ["\\boxed", "\\fbox"];
    private static readonly string[] Phrases = ["final answer is", "final answer:", "answer is", "answer:", "####"];

    /// <summary>The answer and where it stood, or null. An empty box is an empty answer: nothing before it counts.</summary>
    public static (string Text, AnswerPlace Place)? Find(string answer)
    {
        if (LastBox(answer) is { } boxed) return (boxed, AnswerPlace.Box);
        string tail = answer.Length <= Tail ? answer : answer[^Tail..];
        if (AfterPhrase(tail) is { } said) return (said, AnswerPlace.Phrase);
        return NumberParser.Parse(Plain(tail)) is not null ? (Plain(tail), AnswerPlace.Whole) : null;
    }

    /// <summary>
    /// Content of the last box, of the innermost where boxes are nested; empty when it never closes, for an earlier box is
    /// then not the final answer; null when there is none.
    /// </summary>
    private static string? LastBox(string text)
    {
        string? last = null;
        int open = -1, depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\')
            {
                string? box = Array.Find(Boxes, name => string.CompareOrdinal(text, i, name, 0, name.Length) == 0);
                if (box is null)
                {
                    i++; // an escaped brace is a character
                    continue;
                }
                int brace = i + box.Length;
                while (brace < text.Length && text[brace] == ' ') brace++;
                if (brace >= text.Length || text[brace] != '{') continue;
                (open, depth, i) = (brace + 1, 1, brace);
            }
            else if (open >= 0 && c == '{') depth++;
            else if (open >= 0 && c == '}' && --depth == 0)
            {
                last = text[open..i].Trim();
                open = -1;
            }
        }
        return open >= 0 ? "" : last;
    }

    private static string? AfterPhrase(string text)
    {
        int start = -1;
        foreach (string phrase in Phrases)
        {
            int found = text.LastIndexOf(phrase, StringComparison.OrdinalIgnoreCase);
            if (found >= 0) start = Math.Max(start, found + phrase.Length);
        }
        if (start < 0) return null;
        ReadOnlySpan<char> rest = text.AsSpan(start).TrimStart(" \t*:=_");
        if (rest.StartsWith("not ", StringComparison.OrdinalIgnoreCase)) return null;
        int end = rest.IndexOfAny('\n', '\r');
        if (end >= 0) rest = rest[..end];
        int sentence = rest.IndexOf(". ");
        if (sentence >= 0) rest = rest[..sentence];
        string said = Plain(rest.ToString());
        return said.Length > 0 ? said : null;
    }

    private static string Plain(string text) => text.Trim().Trim('*', '_', '`').Trim();
}
