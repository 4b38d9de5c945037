using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>A row in short.</summary>
/// <param name="Reference">Its reference answer.</param>
/// <param name="Extracted">What was compared with it.</param>
public sealed record VerdictExample(string? Reference, string? Extracted);

/// <summary>How often verdicts have one reason.</summary>
/// <param name="Outcome">Correct, incorrect or unverifiable.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Count">How many.</param>
/// <param name="Examples">The first ones.</param>
public sealed record ReasonCount(Outcome Outcome, string Reason, long Count, IReadOnlyList<VerdictExample> Examples);
