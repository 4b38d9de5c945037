namespace Distill.Verification;

/// <summary>Whether a completion is right.</summary>
public enum Outcome
{
    /// <summary>The answer equals the reference answer.</summary>
    Correct,

    /// <summary>There is an answer, and it differs.</summary>
    Incorrect,

    /// <summary>It cannot be told: no answer, unfinished reasoning, no reference answer, not understood.</summary>
    Unverifiable,
}

/// <summary>A verifier's judgement of one completion.</summary>
/// <param name="Outcome">Correct, incorrect or unverifiable.</param>
/// <param name="Reason">Short code in snake_case that says which rule decided, e.g. <c>equal_number</c>, <c>no_answer</c>, <c>truncated</c>.</param>
/// <param name="ExtractedAnswer">What was compared with the reference answer, or null when nothing was found.</param>
/// <param name="Verifier">Name and version, e.g. <c>math/4</c>. Verdicts of different versions are not comparable.</param>
public sealed record Verdict(Outcome Outcome, string Reason, string? ExtractedAnswer, string Verifier);
