using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>The question that proves that an engine works: a real completion, of one token. Health pages say yes for dead engines and no for busy ones.</summary>
internal static class OneToken
{
    /// <summary>The question.</summary>
    public static EngineCall Call { get; } = new("canary", 1, [new Message(MessageRole.User, "1+1=")], new SamplingOptions { MaxTokens = 1 });

    /// <summary>Asks it.</summary>
    /// <param name="engine">Who is asked.</param>
    /// <param name="patience">How long the answer may take.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EndpointFault">It did not answer, or not whole.</exception>
    public static async Task<CompletionAssembly> AskAsync(IEngine engine, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(patience, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        var answer = new CompletionAssembly(Call);
        try
        {
            await foreach (EngineEvent taken in engine.StreamAsync(Call, linked.Token)) answer.Add(taken);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new EndpointFault(FaultKind.Transient, "no_progress", "no token for the canary", e);
        }
        if (!answer.HasEnd) throw new EndpointFault(FaultKind.Transient, "stream_cut", "the canary was cut");
        return answer;
    }
}
