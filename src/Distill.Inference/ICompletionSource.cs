using Distill.Chat;

namespace Distill.Inference;

/// <summary>One prompt to complete.</summary>
/// <param name="Id">Identity of the rollout, chosen by the caller; comes back with the completion.</param>
/// <param name="Messages">What the model is shown.</param>
/// <param name="Sampling">How tokens are drawn; the seed belongs to this request alone.</param>
public sealed record CompletionRequest(string Id, IReadOnlyList<Message> Messages, SamplingOptions Sampling)
{
    /// <summary>Tokens of the rendered prompt by the caller's own count, which the engine's must equal; null when nobody counted.</summary>
    public int? PromptTokens { get; init; }
}

/// <summary>A finished request.</summary>
/// <param name="Request">The request.</param>
/// <param name="Completion">What the model produced.</param>
/// <param name="Seconds">Seconds from request to last token.</param>
/// <param name="Failure">
/// Short code in snake_case that says why the engine will never complete it, e.g. <c>context_exceeded</c>; null for a
/// completion, which then has the finish reason <c>stop</c> or <c>length</c>.
/// </param>
public sealed record CompletedRequest(CompletionRequest Request, Completion Completion, double Seconds, string? Failure = null);

/// <summary>Anything that turns prompts into completions: a model in this process, an ONNX file, a server.</summary>
public interface ICompletionSource : IAsyncDisposable
{
    /// <summary>Identity of model and engine, part of every rollout id: the same identity means the same weights.</summary>
    string Identity { get; }

    /// <summary>
    /// Requests that are computed together, or null when each is independent of the others. A caller that wants the same
    /// bytes after a resume asks for the same groups of this size again.
    /// </summary>
    int? BatchSize { get; }

    /// <summary>
    /// Completes the requests, drawing from <paramref name="requests"/> as capacity allows and yielding in order of completion.
    /// </summary>
    /// <exception cref="Runs.InputException">The endpoint cannot be reached, refuses the key, or does not know the model.</exception>
    IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, CancellationToken cancellation);

    /// <summary>Completes one request, handing over text as it is produced.</summary>
    Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation);
}
