using Distill.Chat;
using Distill.Prompts;
using Distill.Traces;

namespace Distill.Curation.Filters;

/// <summary>The filters that look at one trace at a time. Safe for several threads at once.</summary>
internal sealed class RowFilters
{
    private static readonly (CurationFilter Filter, Fate Fate, Func<Trace, string?> Find)[] All =
    [
        (CurationFilter.Truncated, Fate.Truncated, trace => trace.Completion.FinishReason == FinishReason.Length ? "finish reason: length" : null),
        (CurationFilter.ReasoningUnclosed, Fate.ReasoningUnclosed, trace => trace.Completion.ReasoningUnclosed ? "the reasoning never ends" : null),
        (CurationFilter.EmptyAnswer, Fate.EmptyAnswer, trace => string.IsNullOrWhiteSpace(trace.Completion.Answer) && !trace.Completion.ReasoningUnclosed ? "nothing behind the reasoning" : null),
        (CurationFilter.Repetition, Fate.Repetition, trace => trace.Completion.EndState == EndState.Loop ? "was stopped in a loop" : RepeatedText.Find(trace.Completion.Reasoning) ?? RepeatedText.Find(trace.Completion.Answer)),
        (CurationFilter.MixedLanguages, Fate.MixedLanguages, LanguageMixing.Find),
        (CurationFilter.TemplateRemnants, Fate.TemplateRemnants, TemplateRemnants.Find),
        (CurationFilter.NoBox, Fate.NoBox, trace => ReasoningForm.HasBox(trace.Completion.Answer) ? null : "no \\boxed{} in the answer"),
        (CurationFilter.CodeInReasoning, Fate.CodeInReasoning, trace => ReasoningForm.TooMuchCode(trace.Completion.Reasoning)),
        (CurationFilter.LongParagraphs, Fate.LongParagraphs, trace => ReasoningForm.LongParagraph(trace.Completion.Reasoning)),
        (CurationFilter.MissingFigure, Fate.MissingFigure, trace => ProblemForm.Figure(ProblemOf(trace.Prompt))),
        (CurationFilter.MultiPart, Fate.MultiPart, trace => ProblemForm.Parts(ProblemOf(trace.Prompt))),
        (CurationFilter.Proof, Fate.Proof, trace => ProblemForm.Proof(ProblemOf(trace.Prompt), trace.Prompt.ReferenceAnswer)),
    ];

    private readonly (CurationFilter Filter, Fate Fate, Func<Trace, string?> Find)[] _chosen;

    /// <param name="chosen">The filters to apply.</param>
    public RowFilters(IEnumerable<CurationFilter> chosen)
    {
        HashSet<CurationFilter> set = [.. chosen];
        _chosen = [.. All.Where(entry => set.Contains(entry.Filter))];
    }

    /// <summary>The first reason to drop a trace, or <see cref="Fate.Kept"/>.</summary>
    public Fate FirstReason(Trace trace)
    {
        if (trace.Completion.FinishReason == FinishReason.Error) return Fate.EngineError;
        foreach ((_, Fate fate, Func<Trace, string?> find) in _chosen)
            if (find(trace) is not null) return fate;
        return Fate.Kept;
    }

    /// <summary>Every reason to drop a trace, with what was found.</summary>
    public IEnumerable<(Fate Fate, string Detail)> Reasons(Trace trace)
    {
        if (trace.Completion.FinishReason == FinishReason.Error) yield return (Fate.EngineError, "finish reason: error");
        foreach ((_, Fate fate, Func<Trace, string?> find) in _chosen)
            if (find(trace) is { } detail) yield return (fate, detail);
    }

    /// <summary>What a filter found in a trace that it dropped, or null.</summary>
    public string? Explain(Trace trace, Fate fate) => Reasons(trace).FirstOrDefault(reason => reason.Fate == fate).Detail;

    private static string ProblemOf(Prompt prompt) => prompt.Messages.Count == 1 ? prompt.Messages[0].Content
        : string.Join('\n', prompt.Messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content));
}
