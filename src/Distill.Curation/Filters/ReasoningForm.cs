namespace Distill.Curation.Filters;

/// <summary>How a completion is written: its box, its code, its paragraphs.</summary>
internal static class ReasoningForm
{
    private const string Fence = "```", Box = "\\boxed{";
    private const double MostCode = 0.2;
    private const int LongestParagraph = 400;

    /// <summary>Whether an answer holds a box with something in it.</summary>
    public static bool HasBox(string answer)
    {
        int box = answer.LastIndexOf(Box, StringComparison.Ordinal);
        return box >= 0 && answer.AsSpan(box + Box.Length).TrimStart() is { IsEmpty: false } content && content[0] != '}';
    }

    /// <summary>The share of fenced code in reasoning that has too much of it, or null.</summary>
    public static string? TooMuchCode(string reasoning)
    {
        int code = 0;
        for (int open = reasoning.IndexOf(Fence, StringComparison.Ordinal); open >= 0;)
        {
            int close = reasoning.IndexOf(Fence, open + Fence.Length, StringComparison.Ordinal);
            int end = close < 0 ? reasoning.Length : close + Fence.Length;
            code += end - open;
            open = reasoning.IndexOf(Fence, end, StringComparison.Ordinal);
        }
        double share = code / (double)Math.Max(1, reasoning.Length);
        return share >= MostCode ? $"{share:P0} of the reasoning is code" : null;
    }

    /// <summary>The words of the longest paragraph when it is too long, or null.</summary>
    public static string? LongParagraph(string reasoning)
    {
        int longest = 0;
        foreach (Range paragraph in reasoning.AsSpan().Split("\n\n"))
        {
            int words = 0;
            foreach (Range word in reasoning.AsSpan()[paragraph].SplitAny(' ', '\n', '\t'))
                if (word.End.Value > word.Start.Value) words++;
            longest = Math.Max(longest, words);
        }
        return longest > LongestParagraph ? $"a paragraph of {longest} words" : null;
    }
}
