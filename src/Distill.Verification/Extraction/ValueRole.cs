namespace Distill.Verification.Extraction;

/// <summary>The part that a value has in its sentence.</summary>
internal enum ValueRole
{
    /// <summary>It may be what the sentence states.</summary>
    Free,

    /// <summary>Something of which or in which: "of the 30", "in 5 days".</summary>
    Circumstance,

    /// <summary>Bounded, doubled, or said not to be it: "at least 12", "not 12".</summary>
    TakenAway,
}
