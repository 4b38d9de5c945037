namespace Distill.Prompts;

/// <summary>
/// Takes the final answer out of a worked solution, in the two forms that datasets use: GSM8K's last line
/// <c>#### 1,234</c> and the last <c>\boxed{…}</c> of MATH.
/// </summary>
internal static class WorkedSolution
{
    private const string Marker = "####";
    private const string Box = "\\boxed{";
    private const int LongestBareAnswer = 256;

    /// <summary>
    /// Splits a text into answer and the reasoning before it. A text in neither form is an answer by itself; reasoning is
    /// then null.
    /// </summary>
    public static (string Answer, string? Reasoning) Split(string text)
    {
        int marker = text.LastIndexOf(Marker, StringComparison.Ordinal);
        if (marker >= 0) return (text[(marker + Marker.Length)..].Trim(), NullIfEmpty(text[..marker].Trim()));
        return LastBox(text) is { } boxed ? (boxed, text.Trim()) : (text.Trim(), null);
    }

    /// <summary>The answer that a solution ends in, or null when it names none and is too long to be one.</summary>
    public static string? AnswerOf(string solution)
    {
        (string answer, string? reasoning) = Split(solution);
        return reasoning is not null || (answer.Length is > 0 and <= LongestBareAnswer && !answer.Contains('\n')) ? answer : null;
    }

    private static string? LastBox(string text)
    {
        for (int start = text.LastIndexOf(Box, StringComparison.Ordinal); start >= 0;
             start = start == 0 ? -1 : text.LastIndexOf(Box, start - 1, StringComparison.Ordinal))
        {
            int depth = 1;
            for (int i = start + Box.Length; i < text.Length; i++)
            {
                if (text[i] == '\\') i++;
                else if (text[i] == '{') depth++;
                else if (text[i] == '}' && --depth == 0) return text[(start + Box.Length)..i].Trim();
            }
        }
        return null;
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
