namespace Distill.Inference.Fleet;

/// <summary>What to do with a completion that the token limit cut off.</summary>
public enum TruncationPolicy
{
    /// <summary>Keep it, labelled as truncated.</summary>
    Keep,

    /// <summary>Go on from where it was cut, with the same limit once more, where the engine can.</summary>
    Continue,

    /// <summary>Ask again with twice the limit.</summary>
    Escalate,
}
