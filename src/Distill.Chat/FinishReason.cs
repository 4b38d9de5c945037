namespace Distill.Chat;

/// <summary>Why a completion ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended it (an end-of-sequence token or a stop text).</summary>
    Stop,

    /// <summary>The token limit cut it off: the completion is truncated.</summary>
    Length,

    /// <summary>The engine failed; the text is what had arrived.</summary>
    Error,
}
