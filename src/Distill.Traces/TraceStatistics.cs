using Distill.Chat;
using Distill.Verification;

namespace Distill.Traces;

/// <summary>What a set of traces holds, counted in one pass.</summary>
public sealed class TraceStatistics
{
    private readonly HashSet<string> _ids = [], _prompts = [];
    private readonly SortedDictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];
    private readonly long[] _finishReasons = new long[Enum.GetValues<FinishReason>().Length];

    /// <summary>Traces counted.</summary>
    public long Rows { get; private set; }

    /// <summary>Different trace ids; fewer than <see cref="Rows"/> means that rollouts are stored twice.</summary>
    public int DistinctIds => _ids.Count;

    /// <summary>Different prompts.</summary>
    public int DistinctPrompts => _prompts.Count;

    /// <summary>Tokens of all prompts, counted once per trace.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Tokens that the teacher produced.</summary>
    public long CompletionTokens { get; private set; }

    /// <summary>Traces by verdict reason, e.g. <c>equal_number</c>.</summary>
    public IReadOnlyDictionary<string, long> VerdictReasons => _reasons;

    /// <summary>Traces with an outcome.</summary>
    public long this[Outcome outcome] => _outcomes[(int)outcome];

    /// <summary>Traces with a finish reason.</summary>
    public long this[FinishReason reason] => _finishReasons[(int)reason];

    /// <summary>Counts all traces.</summary>
    public static TraceStatistics Of(IEnumerable<Trace> traces)
    {
        var statistics = new TraceStatistics();
        foreach (Trace trace in traces) statistics.Add(trace);
        return statistics;
    }

    /// <summary>Counts one more trace.</summary>
    public void Add(Trace trace)
    {
        Rows++;
        _ids.Add(trace.Id);
        _prompts.Add(trace.Prompt.Id);
        _outcomes[(int)trace.Verdict.Outcome]++;
        _finishReasons[(int)trace.Completion.FinishReason]++;
        _reasons[trace.Verdict.Reason] = _reasons.GetValueOrDefault(trace.Verdict.Reason) + 1;
        PromptTokens += trace.Completion.PromptTokens;
        CompletionTokens += trace.Completion.CompletionTokens;
    }
}
