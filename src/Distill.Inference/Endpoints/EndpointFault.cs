using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>What a failed attempt means for the request.</summary>
internal enum FaultKind
{
    /// <summary>The connection closed before any byte of the reply: the server never started. Sent again at once, once.</summary>
    NoReply,

    /// <summary>May pass: a cut stream, a broken proxy, an engine that restarts. Sent again.</summary>
    Transient,

    /// <summary>The server is full or loading. Sent again, later.</summary>
    Overload,

    /// <summary>The stream ended in good order with something that must not count as complete. Sent again once.</summary>
    Rejected,

    /// <summary>The server is no longer what it was. It gets no more work; the request goes to another.</summary>
    Quarantine,

    /// <summary>The server will never complete this request; others may pass.</summary>
    Permanent,

    /// <summary>No request can pass: wrong key, no money, unknown model, wrong address.</summary>
    Fatal,
}

/// <summary>An attempt that gave no complete completion.</summary>
/// <param name="kind">What it means for the request.</param>
/// <param name="code">Short code in snake_case, stored with a rollout that ends this way.</param>
/// <param name="message">What happened, for the user.</param>
/// <param name="inner">The exception that revealed it.</param>
internal sealed class EndpointFault(FaultKind kind, string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What it means for the request.</summary>
    public FaultKind Kind { get; } = kind;

    /// <summary>Short code in snake_case.</summary>
    public string Code { get; } = code;

    /// <summary>How long the server asks to wait, if it does.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Tokens of the model's context, where a server says that prompt and completion together exceed it; else null.</summary>
    public ContextRoom? Context { get; init; }

    /// <summary>How to fix it, for faults that end the run.</summary>
    public string? Hint { get; init; }

    /// <summary>Exit code of the run that it ends: 3 for refused credentials.</summary>
    public int ExitCode { get; init; } = 1;

    /// <summary>What had arrived before it failed, or null.</summary>
    public CompletionAssembly? Partial { get; set; }

    /// <summary>Where it failed, or null before that is known.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The key that was sent there, hidden in <see cref="Message"/>: servers echo what they refuse.</summary>
    public ApiKey? Key { get; set; }

    /// <inheritdoc/>
    public override string Message => Key?.Redact(base.Message) ?? base.Message;

    /// <summary>The fault as the user sees it when it ends the run.</summary>
    public InputException ToInputException() => new(Endpoint is null ? Message : $"{Endpoint}: {Message}", Hint, ExitCode, this);
}
