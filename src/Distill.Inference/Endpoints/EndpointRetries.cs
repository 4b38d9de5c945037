using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Distill.Inference.Endpoints;

/// <summary>
/// When a failed attempt is made again, and after what pause. The pipeline stands around sending, reading and judging the
/// completion together: most failures come after the headers.
/// </summary>
internal static class EndpointRetries
{
    /// <summary>Builds the pipeline: a deadline over everything, then retries.</summary>
    public static ResiliencePipeline Create(EndpointOptions options)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = options.Time };
        builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Deadline });
        if (options.MaxRetries > 0) builder.AddRetry(CreateRetry(options));
        return builder.Build();
    }

    private static RetryStrategyOptions CreateRetry(EndpointOptions options) => new()
    {
        MaxRetryAttempts = options.MaxRetries,
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is EndpointFault fault && MayPass(fault, arguments.AttemptNumber)),
        DelayGenerator = arguments => ValueTask.FromResult(Pause(options, (EndpointFault)arguments.Outcome.Exception!, arguments.AttemptNumber)),
    };

    private static bool MayPass(EndpointFault fault, int attempt) => fault.Kind switch
    {
        FaultKind.NoReply or FaultKind.Transient or FaultKind.Overload => true,
        FaultKind.Rejected => attempt == 0,
        _ => false,
    };

    // Null is Polly's own exponential pause.
    private static TimeSpan? Pause(EndpointOptions options, EndpointFault fault, int attempt)
    {
        if (fault.Kind == FaultKind.NoReply && attempt == 0) return TimeSpan.Zero;
        if (fault.RetryAfter is not { } wait) return null;
        return wait < options.MaxRetryDelay ? wait : options.MaxRetryDelay;
    }
}
