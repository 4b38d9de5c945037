namespace Distill.Chat;

/// <summary>Who speaks.</summary>
public enum MessageRole
{
    /// <summary>Instructions that stand before the conversation.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>The result of a tool call.</summary>
    Tool,
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">What is said; for the assistant, the answer without its reasoning.</param>
/// <param name="Reasoning">The assistant's reasoning, without think tags, where it is known.</param>
public sealed record Message(MessageRole Role, string Content, string? Reasoning = null);
