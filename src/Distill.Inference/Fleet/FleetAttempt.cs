using Distill.Chat;
using Distill.Inference.Endpoints;
using Polly.CircuitBreaker;

namespace Distill.Inference.Fleet;

/// <summary>One attempt at one request: finds a place, streams, judges, and books what it cost.</summary>
/// <param name="options">Timers and policies.</param>
/// <param name="scheduler">Gives places.</param>
/// <param name="cap">What may be spent.</param>
/// <param name="prompts">Remembers how many tokens each prompt has.</param>
internal sealed class FleetAttempt(FleetOptions options, FleetScheduler scheduler, SpendingCap cap, PromptTokenCounts prompts)
{
    private const int BrokenInARow = 5;

    /// <summary>Raised for every attempt that came to nothing and had produced tokens: they are paid for.</summary>
    public Action<WastedAttempt>? OnWaste { get; set; }

    /// <summary>The last fault of any attempt, or null.</summary>
    public EndpointFault? LastFault { get; private set; }

    /// <summary>Makes an attempt.</summary>
    /// <param name="attempts">The request and what happened to it.</param>
    /// <param name="except">An endpoint that will not do, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="EndpointFault">No complete completion came.</exception>
    public async Task<CompletedRequest> RunAsync(RolloutAttempts attempts, FleetEndpoint? except, CancellationToken cancellation)
    {
        while (true)
        {
            using Lease place = attempts.TakeFirstPlace()
                ?? await scheduler.AcquireAsync(attempts.PromptTokens, attempts.Request.Sampling.MaxTokens, except, cancellation, avoided: attempts.SilentAt);
            try
            {
                return await place.Endpoint.Breaker.RunAsync(token => StreamAsync(attempts, place, token), cancellation);
            }
            catch (BrokenCircuitException) { } // it opened between the choice and here: another place
        }
    }

    private async Task<CompletedRequest> StreamAsync(RolloutAttempts attempts, Lease place, CancellationToken cancellation)
    {
        FleetEndpoint endpoint = place.Endpoint;
        EngineCall call = attempts.NextCall(endpoint.Engine.CanContinue);
        CompletionAssembly? before = attempts.CutOff;
        var stream = new EngineStream(endpoint, options, call, before, attempts);
        attempts.Current = endpoint;
        attempts.HasText = false;
        bool kept = false;
        string outcome = "cancelled";
        try
        {
            Completion completion = await stream.CompleteAsync(cancellation);
            completion = await MendTruncationAsync(completion, stream, attempts, call, endpoint, cancellation);
            prompts.Check(attempts.Request, completion.PromptTokens);
            kept = attempts.Completed(completion);
            outcome = kept ? "complete" : completion.EndState.ToString();
            return Complete(attempts, stream, completion, kept);
        }
        catch (EndpointFault fault)
        {
            endpoint.Failed(fault);
            fault.Partial ??= stream.Assembly;
            outcome = fault.Code;
            attempts.Failed(fault, endpoint);
            Punish(endpoint, fault);
            throw;
        }
        finally
        {
            Book(attempts, place, stream, outcome, kept);
        }
    }

    private async Task<Completion> MendTruncationAsync(
        Completion completion, EngineStream stream, RolloutAttempts attempts, EngineCall call, FleetEndpoint endpoint, CancellationToken cancellation)
    {
        if (completion.EndState != EndState.Truncated || call.Prefix is not null || attempts.OnText is not null) return completion;
        switch (options.OnTruncation)
        {
            case TruncationPolicy.Continue when endpoint.Engine.CanContinue && stream.Assembly.Prefix is { } prefix:
                attempts.CutOff = stream.Assembly; // another attempt goes on from here too
                return await GoOnAsync(stream, call with { Prefix = prefix }, stream.Assembly, call.Sampling.MaxTokens, cancellation) ?? completion;
            case TruncationPolicy.Escalate:
                bool keepsCut = false;
                int prompt = stream.Assembly.PromptTokens, tokens = stream.Assembly.CompletionTokens;
                try
                {
                    Completion? longer = await GoOnAsync(stream, call, null, call.Sampling.MaxTokens * 2, cancellation);
                    keepsCut = longer is null;
                    return longer ?? completion;
                }
                finally
                {
                    if (!keepsCut) Waste(attempts, endpoint, "truncated", prompt, tokens);
                }
            default:
                return completion;
        }
    }

    // Null where the server has no room for more: what was cut off stays as it is.
    private static async Task<Completion?> GoOnAsync(EngineStream stream, EngineCall call, CompletionAssembly? before, int limit, CancellationToken cancellation)
    {
        CompletionAssembly cut = stream.Assembly;
        int least = call.Prefix is null ? call.Sampling.MaxTokens + 1 : 1;
        while (true)
        {
            try
            {
                return await stream.GoOnAsync(call with { Sampling = call.Sampling with { MaxTokens = limit } }, before, cancellation);
            }
            catch (EndpointFault fault) when (fault.Code == FaultClassifier.ContextExceeded)
            {
                stream.GoBack(cut);
                int room = fault.Context is { Prompt: { } prompt, Context: var context } ? context - prompt : 0;
                if (room < least || room >= limit) return null;
                limit = room;
            }
        }
    }

    private CompletedRequest Complete(RolloutAttempts attempts, EngineStream stream, Completion completion, bool kept)
    {
        var completed = new CompletedRequest(attempts.Request, completion with
        {
            Origin = new CompletionOrigin
            {
                Endpoint = stream.Endpoint.Engine.Name,
                Model = stream.Assembly.Model ?? "",
                Fingerprint = stream.Assembly.Fingerprint ?? "",
                Attempts = attempts.Count,
                FirstTextSeconds = Math.Round(stream.FirstTextSeconds, 3),
                CachedTokens = stream.Assembly.CachedTokens,
            },
        }, stream.Seconds, CompletionQuality.FailureOf(completion));
        if (kept)
        {
            stream.Endpoint.Figures.Complete(completion.CompletionTokens, stream.Assembly.TextBytes, stream.Seconds - stream.FirstTextSeconds);
            FleetMeter.Completed(stream.Endpoint, options.Model, completed, stream.Seconds - stream.FirstTextSeconds);
        }
        return completed;
    }

    private void Punish(FleetEndpoint endpoint, EndpointFault fault)
    {
        LastFault = fault;
        endpoint.Figures.Fault();
        if (fault.Kind == FaultKind.Quarantine) endpoint.PutAside(fault);
        // The breaker counts a minute: a server that did well in it would have to fail as often before it opens, and one that fails fast has
        // always a place free.
        if (fault.Kind is FaultKind.NoReply or FaultKind.Transient && endpoint.Figures.Break() >= BrokenInARow && endpoint.IsUp) _ = endpoint.IsolateAsync();
        if (fault.Kind == FaultKind.Fatal) scheduler.Close(fault.ToInputException()); // before this place is given to the next
        if (fault.Kind == FaultKind.Overload)
        {
            endpoint.Limit.Overloaded(options.Time.GetTimestamp() / (double)options.Time.TimestampFrequency);
            if (fault.RetryAfter is { } wait) endpoint.Pause(wait < options.MaxRetryDelay ? wait : options.MaxRetryDelay);
        }
        // Proxies that cut connections instead of saying 429: fewer at a time is the only answer they understand.
        if (fault.Code == "stream_cut") endpoint.Limit.Overloaded(options.Time.GetTimestamp() / (double)options.Time.TimestampFrequency);
    }

    private void Book(RolloutAttempts attempts, Lease place, EngineStream stream, string outcome, bool kept)
    {
        int prompt = stream.Assembly.PromptTokens, completion = stream.Assembly.TextBytes == 0 ? 0 : stream.Assembly.CompletionTokens;
        place.Settle(prompt + completion);
        if (kept)
        {
            Spend(place.Endpoint, FleetMeter.Useful, prompt, completion);
            return;
        }
        FleetMeter.Failed(place.Endpoint, options.Model, outcome, stream.Seconds);
        if (completion > 0) Waste(attempts, place.Endpoint, outcome, prompt > 0 ? prompt : attempts.PromptTokens, completion);
    }

    private void Waste(RolloutAttempts attempts, FleetEndpoint endpoint, string outcome, int promptTokens, int completionTokens)
    {
        endpoint.Figures.Waste(completionTokens);
        Spend(endpoint, FleetMeter.Waste, promptTokens, completionTokens);
        OnWaste?.Invoke(new WastedAttempt(attempts.Request.Id, endpoint.Engine.Name, outcome, promptTokens, completionTokens));
    }

    private void Spend(FleetEndpoint endpoint, string use, int promptTokens, int completionTokens) =>
        FleetMeter.Spent(endpoint, use, promptTokens, completionTokens, cap.Spend(promptTokens, completionTokens));
}
