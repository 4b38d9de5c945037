using Distill.Inference.Endpoints;
using Polly;
using Polly.Hedging;
using Polly.Retry;
using Polly.Timeout;

namespace Distill.Inference.Fleet;

/// <summary>
/// The order of a request's policies, from the outside: deadline over everything, retries, hedging; inside them each attempt
/// finds a place (the limit), passes its endpoint's breaker, and runs under the timers of its stream. The pipeline stands
/// around sending, reading and judging together: most failures come after the headers.
/// </summary>
internal static class AttemptPolicy
{
    /// <summary>Builds the pipeline.</summary>
    /// <param name="options">Limits and pauses.</param>
    /// <param name="attempt">One attempt, for hedging.</param>
    /// <param name="hedgeDelay">Wait for the first text after which a request may be sent a second time.</param>
    /// <param name="mayHedge">Whether another endpoint than this one idles.</param>
    public static ResiliencePipeline<CompletedRequest> Create(
        FleetOptions options, Func<RolloutAttempts, FleetEndpoint?, CancellationToken, Task<CompletedRequest>> attempt,
        Func<TimeSpan> hedgeDelay, Func<FleetEndpoint, bool> mayHedge)
    {
        var builder = new ResiliencePipelineBuilder<CompletedRequest> { TimeProvider = options.Time };
        builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Deadline });
        builder.AddRetry(CreateRetry(options));
        if (options.Hedge) builder.AddHedging(CreateHedging(attempt, hedgeDelay, mayHedge));
        return builder.Build();
    }

    private static RetryStrategyOptions<CompletedRequest> CreateRetry(FleetOptions options) => new()
    {
        MaxRetryAttempts = int.MaxValue, // RolloutAttempts counts, each kind of failure for itself
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Randomizer = options.Jitter,
        ShouldHandle = arguments => ValueTask.FromResult(
            arguments.Outcome.Exception is null or EndpointFault && arguments.Context.Properties.GetValue(RolloutAttempts.Key, null!).Again),
        DelayGenerator = arguments => ValueTask.FromResult(Pause(options, arguments.Context.Properties.GetValue(RolloutAttempts.Key, null!), arguments.Outcome.Exception)),
    };

    // Null is Polly's own exponential pause.
    private static TimeSpan? Pause(FleetOptions options, RolloutAttempts attempts, Exception? failure)
    {
        if (attempts.AtOnce(failure)) return TimeSpan.Zero;
        if (failure is not EndpointFault { RetryAfter: { } wait }) return null;
        return wait < options.MaxRetryDelay ? wait : options.MaxRetryDelay;
    }

    // Only for requests that have had no text: to hedge one that is merely slow would prefer short reasoning.
    private static HedgingStrategyOptions<CompletedRequest> CreateHedging(
        Func<RolloutAttempts, FleetEndpoint?, CancellationToken, Task<CompletedRequest>> attempt, Func<TimeSpan> hedgeDelay, Func<FleetEndpoint, bool> mayHedge) => new()
        {
            MaxHedgedAttempts = 1,
            ShouldHandle = _ => ValueTask.FromResult(false),
            DelayGenerator = _ => ValueTask.FromResult(hedgeDelay()),
            ActionGenerator = arguments =>
            {
                RolloutAttempts attempts = arguments.PrimaryContext.Properties.GetValue(RolloutAttempts.Key, null!);
                if (attempts.HasText || attempts.Current is not { } busy || !mayHedge(busy)) return null;
                return async () =>
                {
                    try
                    {
                        return Outcome.FromResult(await attempt(attempts, busy, arguments.ActionContext.CancellationToken));
                    }
                    catch (Exception e)
                    {
                        return Outcome.FromException<CompletedRequest>(e);
                    }
                };
            },
        };
}
