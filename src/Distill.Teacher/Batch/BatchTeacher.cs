using Distill.Chat;
using Distill.Inference;

namespace Distill.Teacher.Batch;

/// <summary>A model that is asked by files alone (<c>--emit-batch</c>, <c>--ingest-batch</c>): the same identity as behind servers, so that both share one run.</summary>
/// <param name="identity">Identity of the model.</param>
internal sealed class BatchTeacher(string identity) : ICompletionSource
{
    /// <inheritdoc/>
    public string Identity => identity;

    /// <inheritdoc/>
    public int? BatchSize => null;

    /// <inheritdoc/>
    public IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, CancellationToken cancellation) => throw AskedDirectly();

    /// <inheritdoc/>
    public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation) => throw AskedDirectly();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static InvalidOperationException AskedDirectly() => new("a batch's model cannot be asked directly");
}
