using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Distill.Chat;

namespace Distill.Inference.Endpoints;

/// <summary>
/// A model in this process as an engine, one prompt at a time. Whole runs compute in batches instead
/// (<see cref="ICompletionSource.CompleteAsync"/>): a batch costs little more than one of its rows.
/// </summary>
/// <param name="source">The model; stays the caller's.</param>
internal sealed class EmbeddedEngine(ICompletionSource source) : IEngine
{
    /// <inheritdoc/>
    public string Name => source.Identity;

    /// <inheritdoc/>
    public bool CanContinue => false;

    /// <inheritdoc/>
    public Task<EngineFacts> ProbeAsync(CancellationToken cancellation) => Task.FromResult(new EngineFacts(EngineDialect.Auto, null, 1));

    /// <inheritdoc/>
    public Task<EngineLoad?> LoadAsync(CancellationToken cancellation) => Task.FromResult<EngineLoad?>(null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<EngineEvent> StreamAsync(EngineCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var texts = Channel.CreateUnbounded<string>();
        var request = new CompletionRequest(call.Id, call.Messages, call.Sampling);
        Task<Completion> work = Task.Run(async () =>
        {
            try
            {
                return await source.StreamAsync(request, text => texts.Writer.TryWrite(text), stop.Token);
            }
            finally
            {
                texts.Writer.Complete();
            }
        }, stop.Token);
        try
        {
            yield return new EngineEvent(EngineEventKind.Accepted);
            yield return new EngineEvent(EngineEventKind.Served) { Text = source.Identity };
            await foreach (string text in texts.Reader.ReadAllAsync(cancellation))
                if (text.Length > 0) yield return new EngineEvent(EngineEventKind.Content) { Utf8 = Encoding.UTF8.GetBytes(text) };
            Completion completion = await work;
            yield return new EngineEvent(EngineEventKind.Finish) { Text = completion.FinishReason == FinishReason.Stop ? "stop" : "length" };
            yield return new EngineEvent(EngineEventKind.Usage) { Usage = new(completion.PromptTokens, completion.CompletionTokens) };
            yield return new EngineEvent(EngineEventKind.Done);
        }
        finally
        {
            await stop.CancelAsync();
            await work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default); // the model serves the next request only after this one
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
