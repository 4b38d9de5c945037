namespace Distill.Chat;

/// <summary>What a model produced for one prompt.</summary>
public sealed record Completion
{
    /// <summary>The text as the model produced it, special tokens of the chat format removed, think tags kept.</summary>
    public required string RawText { get; init; }

    /// <summary>Text between the think tags, trimmed; empty when there was none.</summary>
    public required string Reasoning { get; init; }

    /// <summary>Text after the reasoning, trimmed; empty when the reasoning never closed.</summary>
    public required string Answer { get; init; }

    /// <summary>Whether a reasoning block was opened and never closed.</summary>
    public bool ReasoningUnclosed { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>Tokens of the rendered prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens that the model produced, the final end-of-sequence token included.</summary>
    public required int CompletionTokens { get; init; }

    /// <summary>What became of it.</summary>
    public EndState EndState { get; init; }

    /// <summary>What the teacher held likely at each token, or null where nobody asked.</summary>
    public TopLogProbabilities? TopLogProbabilities { get; init; }

    /// <summary>Where it came from.</summary>
    public CompletionOrigin Origin { get; init; } = CompletionOrigin.Local;
}
