using Distill.Traces;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>Counts verdicts by reason.</summary>
/// <param name="examples">How many rows are shown for each reason.</param>
internal sealed class VerdictTally(int examples)
{
    private readonly Dictionary<(Outcome Outcome, string Reason), (long Count, List<VerdictExample> Examples)> _reasons = [];

    /// <summary>Counts a verdict.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="trace">What it is about, or null when it was judged in an earlier attempt and is not at hand.</param>
    public void Add(Verdict verdict, Trace? trace)
    {
        (long count, List<VerdictExample> shown) = _reasons.TryGetValue((verdict.Outcome, verdict.Reason), out var known) ? known : (0, []);
        if (shown.Count < examples) shown.Add(new VerdictExample(trace?.Prompt.ReferenceAnswer, verdict.ExtractedAnswer));
        _reasons[(verdict.Outcome, verdict.Reason)] = (count + 1, shown);
    }

    /// <summary>The counts, by outcome and then by number.</summary>
    public IReadOnlyList<ReasonCount> Reasons => [.. _reasons
        .Select(entry => new ReasonCount(entry.Key.Outcome, entry.Key.Reason, entry.Value.Count, entry.Value.Examples))
        .OrderBy(reason => reason.Outcome).ThenByDescending(reason => reason.Count).ThenBy(reason => reason.Reason, StringComparer.Ordinal)];
}
