namespace Distill.Chat;

/// <summary>
/// The one place that tells reasoning from answer. Unfinished reasoning is never taken for an answer: it often contains a
/// half-checked guess that would be graded as if the model had meant it.
/// </summary>
public static class ReasoningSplit
{
    private const string Open = ChatFormat.ThinkOpen, Close = ChatFormat.ThinkClose;

    /// <summary>
    /// Takes a completion's text apart. The answer is what stands behind the last <c>&lt;/think&gt;</c>. Without one, an opened
    /// reasoning block is unclosed and the answer empty; a text that never opened one is all answer.
    /// </summary>
    /// <param name="rawText">The text as the model produced it.</param>
    /// <param name="startsInReasoning">Whether the prompt ended inside an opened think tag (<see cref="ChatTemplate.EndsInReasoning"/>).</param>
    public static ReasoningParts Split(string rawText, bool startsInReasoning)
    {
        ArgumentNullException.ThrowIfNull(rawText);
        int close = rawText.LastIndexOf(Close, StringComparison.Ordinal);
        if (close >= 0)
        {
            return new ReasoningParts(WithoutOpening(rawText[..close], startsInReasoning), rawText[(close + Close.Length)..].Trim(), Unclosed: false);
        }
        return startsInReasoning || rawText.Contains(Open, StringComparison.Ordinal)
            ? new ReasoningParts(WithoutOpening(rawText, startsInReasoning), "", Unclosed: true)
            : new ReasoningParts("", rawText.Trim(), Unclosed: false);
    }

    /// <summary>
    /// Takes apart what a server sent, whether it separates the reasoning (<c>reasoning_content</c>, <c>reasoning</c>) or leaves the
    /// tags in the content.
    /// </summary>
    /// <param name="content">The message's content; null or blank when the reasoning never ended.</param>
    /// <param name="separateReasoning">The reasoning that the server sent apart; null or blank when it sent none.</param>
    /// <param name="startsInReasoning">Whether the prompt ended inside an opened think tag. Only looked at when the server separates nothing.</param>
    public static ReasoningParts Split(string? content, string? separateReasoning, bool startsInReasoning)
    {
        content ??= "";
        if (string.IsNullOrWhiteSpace(separateReasoning)) return Split(content, startsInReasoning);
        // Some servers cut at the first closing tag only, some leave the tags in both fields.
        ReasoningParts rest = Split(content, startsInReasoning: false);
        string reasoning = Split(separateReasoning.TrimEnd().EndsWith(Close, StringComparison.Ordinal) ? separateReasoning : separateReasoning + Close, startsInReasoning: true).Reasoning;
        if (rest.Reasoning.Length > 0) reasoning = $"{reasoning}\n{rest.Reasoning}";
        return rest with { Reasoning = reasoning, Unclosed = rest.Unclosed || rest.Answer.Length == 0 };
    }

    /// <summary>
    /// The completion text that a student learns: <c>reasoning\n&lt;/think&gt;\n\nanswer</c>, with <c>&lt;think&gt;\n</c> in front unless the
    /// prompt already ends in it. Without reasoning it is the closed empty block when the prompt opened one, else the answer alone.
    /// <see cref="Split(string, bool)"/> gives both parts back as long as the answer holds no closing tag itself.
    /// </summary>
    /// <param name="reasoning">The reasoning without tags.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="startsInReasoning">Whether the prompt ends inside an opened think tag.</param>
    public static string Join(string reasoning, string answer, bool startsInReasoning)
    {
        ArgumentNullException.ThrowIfNull(reasoning);
        ArgumentNullException.ThrowIfNull(answer);
        reasoning = reasoning.Trim();
        answer = answer.Trim();
        if (reasoning.Length == 0 && !startsInReasoning) return answer;
        return $"{(startsInReasoning ? "" : Open + "\n")}{reasoning}\n{Close}\n\n{answer}";
    }

    // A server may repeat the tag that the prompt opened; a tag further in is then part of the reasoning.
    private static string WithoutOpening(string text, bool startsInReasoning)
    {
        string trimmed = text.Trim();
        if (trimmed.StartsWith(Open, StringComparison.Ordinal)) return trimmed[Open.Length..].TrimStart();
        int open = startsInReasoning ? -1 : trimmed.IndexOf(Open, StringComparison.Ordinal);
        return open < 0 ? trimmed : trimmed[(open + Open.Length)..].TrimStart();
    }
}
