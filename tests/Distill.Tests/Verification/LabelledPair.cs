namespace Distill.Tests.Verification;

/// <summary>A reference answer, what a model wrote, and whether that is right.</summary>
/// <param name="Kind">What the pair is about; accuracy is reported by kind.</param>
/// <param name="Gold">The reference answer.</param>
/// <param name="Given">A bare answer or a whole completion.</param>
/// <param name="IsCorrect">The label.</param>
public sealed record LabelledPair(string Kind, string Gold, string Given, bool IsCorrect);
