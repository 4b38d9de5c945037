using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>What <c>distill verify</c> found.</summary>
public sealed record VerifyResult
{
    /// <summary>Rows read.</summary>
    public required long Rows { get; init; }

    /// <summary>Completions judged.</summary>
    public required long Completions { get; init; }

    /// <summary>Rows that could not be read and were skipped.</summary>
    public required long Skipped { get; init; }

    /// <summary>Why the first of them could not be read, or null.</summary>
    public string? FirstProblem { get; init; }

    /// <summary>Verdicts by reason.</summary>
    public required IReadOnlyList<ReasonCount> Reasons { get; init; }

    /// <summary>The judge's verdicts by reason; empty without one.</summary>
    public IReadOnlyList<ReasonCount> JudgeReasons { get; init; } = [];

    /// <summary>Completions with an outcome.</summary>
    public long this[Outcome outcome] => Reasons.Where(reason => reason.Outcome == outcome).Sum(reason => reason.Count);
}
