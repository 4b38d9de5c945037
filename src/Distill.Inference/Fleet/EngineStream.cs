using Distill.Chat;
using Distill.Inference.Endpoints;

namespace Distill.Inference.Fleet;

/// <summary>A completion while it streams: feeds the assembly, keeps the timers, measures.</summary>
internal sealed class EngineStream
{
    /// <summary>Code of attempts that got no text for too long.</summary>
    public const string Silence = "no_progress";

    private readonly FleetOptions _options;
    private readonly RolloutAttempts _attempts;
    private readonly long _start;
    private EngineCall _call;

    /// <summary>Prepares a stream.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="options">Timers.</param>
    /// <param name="call">What to ask.</param>
    /// <param name="before">Text to go on from, or null.</param>
    /// <param name="attempts">The request.</param>
    public EngineStream(FleetEndpoint endpoint, FleetOptions options, EngineCall call, CompletionAssembly? before, RolloutAttempts attempts)
    {
        (Endpoint, _options, _call, _attempts) = (endpoint, options, call, attempts);
        _start = options.Time.GetTimestamp();
        Assembly = new(call, attempts.OnText is null ? null : attempts.HandOver, before, endpoint.LogProbabilities) { RejectsMixing = options.RejectLanguageMixing };
    }

    /// <summary>Where.</summary>
    public FleetEndpoint Endpoint { get; }

    /// <summary>What has come.</summary>
    public CompletionAssembly Assembly { get; private set; }

    /// <summary>Seconds from the request to its first text; 0 before that.</summary>
    public double FirstTextSeconds { get; private set; }

    /// <summary>Seconds since the request.</summary>
    public double Seconds => _options.Time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Goes on with another call.</summary>
    public Task<Completion> GoOnAsync(EngineCall call, CompletionAssembly? before, CancellationToken cancellation)
    {
        _call = call;
        Assembly = new(call, null, before, Endpoint.LogProbabilities) { RejectsMixing = _options.RejectLanguageMixing };
        return CompleteAsync(cancellation);
    }

    /// <summary>Takes back a call that came to nothing: what it was to go on from is what has come.</summary>
    public void GoBack(CompletionAssembly cut) => Assembly = cut;

    /// <summary>Reads the stream to its end and judges it.</summary>
    /// <exception cref="EndpointFault">No complete completion came.</exception>
    public async Task<Completion> CompleteAsync(CancellationToken cancellation)
    {
        try
        {
            await ReadAsync(cancellation);
        }
        finally
        {
            await Task.Yield(); // the text was read on a thread that polls sockets; what follows may take longer than they can wait
        }
        Completion completion = Assembly.Finish();
        Endpoint.Recognize(Assembly.Model, Assembly.Fingerprint);
        return completion;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        using var watch = new IdleWatch(_options.Time, _options.QueueTimeout, _options.IdleTimeout, cancellation);
        try
        {
            await foreach (EngineEvent taken in Endpoint.Engine.StreamAsync(_call, watch.Token))
            {
                if (Assembly.Add(taken)) Text(watch, taken.Utf8.Length);
                if (Assembly.IsDone || Assembly.GivenUp is not null) break;
            }
        }
        catch (OperationCanceledException e) when (watch.Expired && !cancellation.IsCancellationRequested)
        {
            throw new EndpointFault(FaultKind.Transient, Silence, $"no text for {watch.Limit.TotalSeconds:0.#} s", e);
        }
        catch (EndpointFault fault) when (fault.Code == "stream_cut" && Assembly.HasEnd) { } // closed a moment too early
    }

    private void Text(IdleWatch watch, int bytes)
    {
        long now = _options.Time.GetTimestamp();
        watch.Text(now);
        Endpoint.Figures.Text(bytes, now);
        if (FirstTextSeconds > 0) return;
        FirstTextSeconds = Math.Max(Seconds, 1e-6);
        _attempts.HasText = true;
        Endpoint.Figures.FirstText(FirstTextSeconds);
    }
}
