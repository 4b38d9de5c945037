using System.Threading.Channels;

namespace Distill.Rescoring;

/// <summary>Works on several pieces at once and gives their results in the order of the pieces, with no more of them in memory than are being worked on.</summary>
internal static class PieceQueue
{
    /// <summary>The results, in order.</summary>
    /// <param name="pieces">What is to be worked on; enumerated on one thread.</param>
    /// <param name="work">Done on any thread.</param>
    /// <param name="threads">Pieces worked on at the same time.</param>
    /// <param name="cancellation">Stops taking pieces.</param>
    public static async IAsyncEnumerable<TResult> RunAsync<TPiece, TResult>(
        IEnumerable<TPiece> pieces, Func<TPiece, TResult> work, int threads, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var queue = Channel.CreateBounded<Task<TResult>>(new BoundedChannelOptions(threads) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task producer = Task.Run(() => ProduceAsync(pieces, work, queue.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (Task<TResult> result in queue.Reader.ReadAllAsync(cancellation)) yield return await result;
            await producer;
        }
        finally
        {
            await stop.CancelAsync();
            try
            {
                await producer;
            }
            catch (OperationCanceledException)
            {
                // whoever stopped reading knows
            }
        }
    }

    private static async Task ProduceAsync<TPiece, TResult>(IEnumerable<TPiece> pieces, Func<TPiece, TResult> work, ChannelWriter<Task<TResult>> queue, CancellationToken cancellation)
    {
        try
        {
            foreach (TPiece piece in pieces)
            {
                await queue.WaitToWriteAsync(cancellation);
                await queue.WriteAsync(Task.Run(() => work(piece), cancellation), cancellation);
            }
            queue.Complete();
        }
        catch (Exception e)
        {
            queue.Complete(e);
        }
    }
}
