using Polly;

namespace Distill.Inference.Fleet;

/// <summary>
/// Keeps the work of a run on the scheduler that the run was started on: the thread pool, or the one thread of a simulated world, whose
/// clock may move only when nothing is left to do. The library's own ways of starting, cancelling and waiting lead to the thread pool.
/// </summary>
internal static class SameScheduler
{
    /// <summary>Starts work.</summary>
    public static Task Start(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();

    /// <summary>Cancels; where there are threads for it, those who listen are told on one of them.</summary>
    public static Task CancelHereAsync(this CancellationTokenSource source)
    {
        if (TaskScheduler.Current == TaskScheduler.Default) return source.CancelAsync();
        source.Cancel();
        return Task.CompletedTask;
    }

    /// <summary>Runs work under a policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="attempts">The request, for policies that ask for it.</param>
    public static async Task<T> RunAsync<T>(this ResiliencePipeline<T> policy, Func<CancellationToken, Task<T>> work, CancellationToken cancellation, RolloutAttempts? attempts = null)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellation);
        if (attempts is not null) context.Properties.Set(RolloutAttempts.Key, attempts);
        try
        {
            return await policy.ExecuteAsync(static async (context, work) => await work(context.CancellationToken), context, work);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
