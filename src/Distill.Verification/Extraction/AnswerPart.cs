namespace Distill.Verification.Extraction;

/// <summary>Parts a raw completion into reasoning and answer by its think tags, in the spellings that models use.</summary>
internal static class AnswerPart
{
    private static readonly string[] Openings = ["<think>", "<thinking>", "<|begin_of_thought|>", "<reasoning>"];

    private static readonly string[] Closings = ["</think>", "</thinking>", "<|end_of_thought|>", "</reasoning>"];

    /// <summary>What stands behind the last closing tag, and whether a block was opened and never closed.</summary>
    public static (string Text, bool Unclosed) Of(string text)
    {
        int end = 0;
        foreach (string closing in Closings)
        {
            int found = text.LastIndexOf(closing, StringComparison.Ordinal);
            if (found >= 0) end = Math.Max(end, found + closing.Length);
        }
        bool unclosed = Array.Exists(Openings, opening => text.AsSpan(end).Contains(opening, StringComparison.Ordinal));
        return (end == 0 ? text : text[end..], unclosed);
    }
}
