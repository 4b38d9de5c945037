namespace Distill.Verification.Extraction;

/// <summary>An answer that was found in a completion.</summary>
/// <param name="Text">The answer; empty when the completion has none after all.</param>
/// <param name="Place">Where it stood.</param>
internal sealed record ExtractedAnswer(string Text, AnswerPlace Place)
{
    /// <summary>Whether it is a sentence in which nothing is marked as the answer; it only counts when it equals the reference answer as a text.</summary>
    public bool IsProse { get; init; }

    /// <summary>What a sentence such as "the winner is Alice" says of its subject, or null.</summary>
    public string? Complement { get; init; }
}
