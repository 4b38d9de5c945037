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
    /// reasoning block is unclosed and the answer empty; a text that never opened one is all answer. A block that opens at the start of
    /// a line behind the last <c>&lt;/think&gt;</c> was cut off: the reasoning is unclosed again. Several blocks become one reasoning
    /// without tags, an empty line where a tag stood.
    /// </summary>
    /// <param name="rawText">The text as the model produced it.</param>
    /// <param name="startsInReasoning">Whether the prompt ended inside an opened think tag (<see cref="ChatTemplate.EndsInReasoning"/>).</param>
    public static ReasoningParts Split(string rawText, bool startsInReasoning)
    {
        ArgumentNullException.ThrowIfNull(rawText);
        int close = rawText.LastIndexOf(Close, StringComparison.Ordinal);
        string rest = close < 0 ? rawText : rawText[(close + Close.Length)..];
        bool unclosed = close < 0 ? startsInReasoning || rest.Contains(Open, StringComparison.Ordinal) : OpensAtLineStart(rest);
        if (unclosed) return new ReasoningParts(WithoutTags(AfterOpening(rawText, startsInReasoning)), "", Unclosed: true);
        return close < 0
            ? new ReasoningParts("", rest.Trim(), Unclosed: false)
            : new ReasoningParts(WithoutTags(AfterOpening(rawText[..close], startsInReasoning)), rest.Trim(), Unclosed: false);
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
        if (rest.Reasoning.Length > 0) reasoning = $"{reasoning}\n\n{rest.Reasoning}".Trim();
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

    // What stands in front of the first opening tag is no reasoning, unless the prompt had opened it.
    private static string AfterOpening(string text, bool startsInReasoning)
    {
        int open = startsInReasoning ? -1 : text.IndexOf(Open, StringComparison.Ordinal), close = text.IndexOf(Close, StringComparison.Ordinal);
        return open < 0 || (close >= 0 && close < open) ? text : text[(open + Open.Length)..];
    }

    private static bool OpensAtLineStart(string text)
    {
        for (int open = text.IndexOf(Open, StringComparison.Ordinal); open >= 0; open = text.IndexOf(Open, open + 1, StringComparison.Ordinal))
        {
            ReadOnlySpan<char> line = text.AsSpan(0, open).TrimEnd([' ', '\t']);
            if (line.IsEmpty || line[^1] is '\n' or '\r') return true;
        }
        return false;
    }

    private static string WithoutTags(string reasoning) =>
        string.Join("\n\n", reasoning.Split([Open, Close], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
