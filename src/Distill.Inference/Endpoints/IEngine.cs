using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>One attempt at one completion.</summary>
/// <param name="Id">Rollout id.</param>
/// <param name="Attempt">Number of the attempt from 1, for the engine's log.</param>
/// <param name="Messages">What the model is shown.</param>
/// <param name="Sampling">How tokens are drawn.</param>
/// <param name="Prefix">Text that the completion has already and goes on from, or null.</param>
internal sealed record EngineCall(string Id, int Attempt, IReadOnlyList<Message> Messages, SamplingOptions Sampling, string? Prefix = null);

/// <summary>What an engine says about itself when it is asked the first time.</summary>
/// <param name="Dialect">What it speaks.</param>
/// <param name="Models">Models that it serves, or null when it does not tell.</param>
/// <param name="Slots">Requests that it computes at the same time, or null when it does not tell.</param>
internal sealed record EngineFacts(EngineDialect Dialect, IReadOnlyList<string>? Models, int? Slots);

/// <summary>How busy an engine is, by its own metrics.</summary>
/// <param name="Running">Requests being computed.</param>
/// <param name="Waiting">Requests in its queue.</param>
internal readonly record struct EngineLoad(double Running, double Waiting);

/// <summary>Anything that completes one prompt as a stream of events: a server, or a model in this process.</summary>
internal interface IEngine : IAsyncDisposable
{
    /// <summary>Where it is, for people: an address without secrets, or a model's name.</summary>
    string Name { get; }

    /// <summary>Whether a completion can go on from a text that it has already; known after <see cref="ProbeAsync"/>.</summary>
    bool CanContinue { get; }

    /// <summary>One cheap question before the first dear one: is it there, does it take the key, what does it serve?</summary>
    /// <exception cref="EndpointFault">It cannot be reached or refuses the key.</exception>
    Task<EngineFacts> ProbeAsync(CancellationToken cancellation);

    /// <summary>How busy it is, or null when it does not tell. Never throws for a failing engine: this is no sign of life.</summary>
    Task<EngineLoad?> LoadAsync(CancellationToken cancellation);

    /// <summary>Completes a prompt. Leaving the enumeration early cancels the work.</summary>
    /// <exception cref="EndpointFault">It failed; the events so far do not make a completion.</exception>
    IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, CancellationToken cancellation);
}
