namespace Distill.Verification;

/// <summary>What counts as an answer, and how close is equal, for <see cref="MathVerifier"/>.</summary>
public sealed record MathOptions
{
    /// <summary>The options that hold unless said otherwise.</summary>
    public static MathOptions Default { get; } = new();

    /// <summary>
    /// Whether a plain number that the last conclusion states is an answer where nothing is marked as one. Null, the default: only when the
    /// reference answer is itself a plain number, as in GSM8K.
    /// </summary>
    public bool? AllowBareNumber { get; init; }

    /// <summary>Whether a box that never closes counts. Off: a completion that breaks off in its box was truncated.</summary>
    public bool AllowUnclosedBox { get; init; }

    /// <summary>Whether a completion whose reasoning was opened and never closed has no answer. On.</summary>
    public bool RequireClosedThink { get; init; } = true;

    /// <summary>
    /// Whether a decimal reference answer stands for every number that rounds to its digits (7.78 for 70/9). On; off, it stands for itself alone.
    /// </summary>
    public bool RoundedReference { get; init; } = true;

    /// <summary>The texts of a multiple-choice problem's options in their order, or null. The answer may then be an option's text in place of its letter.</summary>
    public IReadOnlyList<string>? Choices { get; init; }
}
