namespace Distill.Inference.Endpoints;

/// <summary>What an engine can say while it completes a prompt.</summary>
internal enum EngineEventKind
{
    /// <summary>The request was taken; nothing is known of its queue.</summary>
    Accepted,

    /// <summary>A piece of the reasoning, in <see cref="EngineEvent.Utf8"/>.</summary>
    Reasoning,

    /// <summary>A piece of the content, in <see cref="EngineEvent.Utf8"/>; holds the reasoning too where the engine does not split it off.</summary>
    Content,

    /// <summary>Log-probabilities of tokens, as JSON in <see cref="EngineEvent.Utf8"/>.</summary>
    LogProbabilities,

    /// <summary>Why it ended, in the engine's words, in <see cref="EngineEvent.Text"/>.</summary>
    Finish,

    /// <summary>Tokens, in <see cref="EngineEvent.Usage"/>.</summary>
    Usage,

    /// <summary>The model that answers, in <see cref="EngineEvent.Text"/>, and its build, in <see cref="EngineEvent.Fingerprint"/>.</summary>
    Served,

    /// <summary>The engine says that nothing follows.</summary>
    Done,
}

/// <summary>Tokens as an engine counts them; null where it does not say.</summary>
/// <param name="Prompt">Tokens of the prompt.</param>
/// <param name="Completion">Tokens of the completion.</param>
/// <param name="Cached">Tokens of the prompt that it had computed before.</param>
internal readonly record struct EngineUsage(int? Prompt, int? Completion, int? Cached = null);

/// <summary>
/// One event of a completion, the same for every engine. A failure is no event: the stream ends with an
/// <see cref="EndpointFault"/>.
/// </summary>
internal readonly record struct EngineEvent(EngineEventKind Kind)
{
    /// <summary>Text, good until the next event is asked for.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; init; }

    /// <summary>A word: finish reason or model.</summary>
    public string? Text { get; init; }

    /// <summary>Build of the model, where the engine tells.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Tokens.</summary>
    public EngineUsage Usage { get; init; }
}
