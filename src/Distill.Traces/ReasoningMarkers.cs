namespace Distill.Traces;

/// <summary>The marks that public sets put around reasoning and answer, in terms of our own.</summary>
public static class ReasoningMarkers
{
    private static readonly (string Mark, string Replacement)[] Marks =
    [
        ("<|begin_of_thought|>", "<think>"), ("<|end_of_thought|>", "</think>"), ("<|begin_of_solution|>", ""), ("<|end_of_solution|>", ""),
        ("<thinking>", "<think>"), ("</thinking>", "</think>"), ("<thought>", "<think>"), ("</thought>", "</think>"),
        ("<reasoning>", "<think>"), ("</reasoning>", "</think>"),
    ];

    private const string AnswerOpen = "<answer>", AnswerClose = "</answer>";

    /// <summary>Every mark of another format that a text holds.</summary>
    public static IEnumerable<string> In(string text) => text.Contains('<')
        ? Marks.Select(mark => mark.Mark).Append(AnswerOpen).Append(AnswerClose).Where(mark => text.Contains(mark, StringComparison.Ordinal)) : [];

    /// <summary>The text with think tags in place of other formats' marks.</summary>
    public static string ToThinkTags(string text)
    {
        if (!text.Contains('<')) return text;
        foreach ((string mark, string replacement) in Marks) text = text.Replace(mark, replacement, StringComparison.Ordinal);
        return text;
    }

    /// <summary>An answer without the pair of answer tags around all of it.</summary>
    public static string Unwrap(string answer) =>
        answer.StartsWith(AnswerOpen, StringComparison.Ordinal) && answer.EndsWith(AnswerClose, StringComparison.Ordinal) && answer.Length >= AnswerOpen.Length + AnswerClose.Length
            ? answer[AnswerOpen.Length..^AnswerClose.Length].Trim() : answer;
}
