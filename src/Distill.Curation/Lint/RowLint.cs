using Distill.Chat;
using Distill.Curation.Filters;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Curation.Lint;

/// <summary>What can be told of one row by itself. Safe for several threads at once.</summary>
internal sealed class RowLint(IVerifier verifier)
{
    private static readonly RowFilters Filters = new(Enum.GetValues<CurationFilter>());

    /// <summary>The verdict on a row by the verifier.</summary>
    public Verdict Judge(Trace trace) => verifier.Verify(trace.Prompt, trace.Completion);

    /// <summary>Every check that finds something, with what it found.</summary>
    /// <param name="trace">The row.</param>
    /// <param name="verdict">The verifier's verdict on it.</param>
    public static IReadOnlyList<(string Check, string Detail)> Findings(Trace trace, Verdict verdict)
    {
        var found = new List<(string Check, string Detail)>();
        foreach ((Fate fate, string detail) in Filters.Reasons(trace)) found.Add((Fates.NameOf(fate), detail));
        Add(LintCheck.CutOff, CutOff(trace.Completion));
        Add(LintCheck.ForeignMarks, ReasoningMarkers.In(trace.Completion.RawText).FirstOrDefault());
        Add(LintCheck.SystemPrompt, trace.Prompt.Messages.Where(message => message.Role != MessageRole.System)
            .Select(message => TemplateRemnants.SystemPromptIn(message.Content)).FirstOrDefault(prompt => prompt is not null));
        if (string.IsNullOrWhiteSpace(trace.Prompt.ReferenceAnswer)) Add(LintCheck.NoReferenceAnswer, "no reference answer");
        else if (verdict.Outcome == Outcome.Incorrect) Add(LintCheck.AnswerDisagrees, $"answers {verdict.ExtractedAnswer}, reference answer is {trace.Prompt.ReferenceAnswer.Trim()}");
        if (verdict.Outcome != Outcome.Unverifiable && trace.Verdict.Outcome != Outcome.Unverifiable && verdict.Outcome != trace.Verdict.Outcome)
        {
            Add(LintCheck.VerdictDisagrees, $"{trace.Verdict.Reason} says {Word(trace.Verdict.Outcome)}, {verdict.Verifier} says {Word(verdict.Outcome)} ({verdict.Reason}): "
                + $"answers {verdict.ExtractedAnswer}, reference answer is {trace.Prompt.ReferenceAnswer?.Trim()}");
        }
        return found;

        void Add(string check, string? detail)
        {
            if (detail is not null) found.Add((check, detail));
        }
    }

    // Signs that no finished text ends with; a missing full stop is none of them.
    private static string? CutOff(Completion completion)
    {
        string answer = completion.Answer.TrimEnd();
        if (answer.Length == 0 || completion.FinishReason != FinishReason.Stop) return null;
        int box = answer.LastIndexOf("\\boxed{", StringComparison.Ordinal);
        if (box >= 0 && Depth(answer.AsSpan(box)) > 0) return "a box is not closed";
        if (answer.Split("```").Length % 2 == 0) return "a block of code is not closed";
        return ",;(=+\\&".Contains(answer[^1]) ? $"ends in `{answer[^1]}`" : null;
    }

    private static int Depth(ReadOnlySpan<char> text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '{') depth++;
            else if (text[i] == '}' && --depth == 0) return 0;
        }
        return depth;
    }

    private static string Word(Outcome outcome) => outcome.ToString().ToLowerInvariant();
}
