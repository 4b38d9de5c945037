using Distill.Inference.Endpoints;
using Polly.CircuitBreaker;

namespace Distill.Inference.Fleet;

/// <summary>
/// Looks after the endpoints while a run lasts: takes out those whose streams all fall silent, takes them in again when a
/// generation of one token proves that they live, adjusts the limits, and ends the run when nothing moves for too long.
/// An engine's own health page is not asked: it starves while streams hold all threads, and stays green when the engine is dead.
/// </summary>
internal sealed class FleetGuard : IAsyncDisposable
{
    private const double LookSeconds = 1;
    private const double AdjustSeconds = 5;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    // A tick this late means that the whole process stood still.
    private static readonly TimeSpan ProcessPaused = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CanaryPatience = TimeSpan.FromMinutes(2);

    private readonly FleetOptions _options;
    private readonly IReadOnlyList<FleetEndpoint> _endpoints;
    private readonly FleetScheduler _scheduler;
    private readonly Func<EndpointFault?, Exception> _explain;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<FleetEndpoint, Task> _canaries = [];
    private readonly Dictionary<FleetEndpoint, Task> _adjustments = [];
    private readonly Dictionary<FleetEndpoint, CircuitState> _states = [];
    private readonly Task _work;
    private long _lastTick;
    private long _lastLook;
    private long _lastAdjustment;
    private long _lastSign;

    /// <summary>Starts to look.</summary>
    /// <param name="options">Timers.</param>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="scheduler">Told when something changed.</param>
    /// <param name="explain">What to tell a run that ends because of a fault, or because nothing moves.</param>
    public FleetGuard(FleetOptions options, IReadOnlyList<FleetEndpoint> endpoints, FleetScheduler scheduler, Func<EndpointFault?, Exception> explain)
    {
        (_options, _endpoints, _scheduler, _explain) = (options, endpoints, scheduler, explain);
        _lastTick = _lastLook = _lastAdjustment = _lastSign = options.Time.GetTimestamp();
        foreach (FleetEndpoint endpoint in endpoints) endpoint.Figures.ForgetSilence(_lastTick);
        _work = SameScheduler.Start(LookAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelHereAsync();
        await Task.WhenAll([_work, .. _canaries.Values, .. _adjustments.Values]);
        _stop.Dispose();
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Tick, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) Look();
        }
        catch (OperationCanceledException) { }
    }

    private void Look()
    {
        TimeProvider time = _options.Time;
        long now = time.GetTimestamp();
        if (time.GetElapsedTime(_lastTick, now) > ProcessPaused)
        {
            _lastSign = now;
            foreach (FleetEndpoint endpoint in _endpoints) endpoint.Figures.ForgetSilence(now);
        }
        _lastTick = now;
        foreach (FleetEndpoint endpoint in _endpoints) ReopenIfDue(endpoint);
        if (time.GetElapsedTime(_lastLook, now).TotalSeconds >= LookSeconds)
        {
            _lastLook = now;
            foreach (FleetEndpoint endpoint in _endpoints) LookForStall(endpoint, now);
            LookForOutage(now);
            FleetMeter.Queue.Record(_scheduler.Waiting);
        }
        if (time.GetElapsedTime(_lastAdjustment, now).TotalSeconds >= AdjustSeconds)
        {
            _lastAdjustment = now;
            foreach (FleetEndpoint endpoint in _endpoints)
                if (!_adjustments.TryGetValue(endpoint, out Task? running) || running.IsCompleted) _adjustments[endpoint] = AdjustAsync(endpoint);
        }
        EndpointFault? last = _endpoints[^1].Quarantine;
        if (last is not null && _endpoints.All(endpoint => endpoint.Quarantine is not null)) _scheduler.Close(_explain(last));
        _scheduler.Pump();
    }

    private void ReopenIfDue(FleetEndpoint endpoint)
    {
        CircuitState state = endpoint.State;
        if (_states.TryGetValue(endpoint, out CircuitState before) && before != state)
            FleetMeter.Breaker.Add(1, FleetMeter.Server(endpoint), new("state", state.ToString().ToLowerInvariant()));
        _states[endpoint] = state;
        if (state == CircuitState.Closed || endpoint.Quarantine is not null) return;
        if (_canaries.TryGetValue(endpoint, out Task? running) && !running.IsCompleted) return;
        _canaries[endpoint] = CanaryAsync(endpoint, state);
    }

    // Through the breaker, whose half-open state lets exactly this one pass once the pause is over. An endpoint that was
    // taken out by hand is asked beside it.
    private async Task CanaryAsync(FleetEndpoint endpoint, CircuitState state)
    {
        try
        {
            if (state != CircuitState.Isolated)
            {
                await endpoint.Breaker.RunAsync(token => GenerateOneTokenAsync(endpoint, token), _stop.Token);
                return;
            }
            await Task.Delay(_options.BreakDuration, _options.Time, _stop.Token);
            await GenerateOneTokenAsync(endpoint, _stop.Token);
            await endpoint.RejoinAsync();
            endpoint.Figures.ForgetSilence(_options.Time.GetTimestamp());
        }
        catch (EndpointFault fault)
        {
            endpoint.Failed(fault); // asked again after the next pause
        }
        catch (Exception e) when (e is BrokenCircuitException or OperationCanceledException) { }
    }

    private async Task<CompletedRequest> GenerateOneTokenAsync(FleetEndpoint endpoint, CancellationToken cancellation)
    {
        TimeSpan patience = CanaryPatience < _options.QueueTimeout ? CanaryPatience : _options.QueueTimeout;
        CompletionAssembly answer = await OneToken.AskAsync(endpoint.Engine, patience, _options.Time, cancellation);
        return new CompletedRequest(new(OneToken.Call.Id, OneToken.Call.Messages, OneToken.Call.Sampling), answer.Fail(), 0);
    }

    private void LookForStall(FleetEndpoint endpoint, long now)
    {
        if (endpoint.InFlight == 0 || !endpoint.IsUp || endpoint.Figures.Completed == 0) return;
        TimeSpan silence = _options.Time.GetElapsedTime(endpoint.Figures.LastText, now);
        // Long prompts and queues are silent too: as long as usual is no stall.
        if (silence < _options.StallTimeout || silence.TotalSeconds < 4 * endpoint.Figures.SlowestFirstTextSeconds) return;
        FleetMeter.Stalls.Add(1, FleetMeter.Server(endpoint));
        _canaries[endpoint] = endpoint.IsolateAsync();
    }

    private void LookForOutage(long now)
    {
        if (_endpoints.Any(endpoint => endpoint.IsUp && endpoint.Figures.Faults == 0) || (_scheduler.Waiting == 0 && _endpoints.All(endpoint => endpoint.InFlight == 0))) _lastSign = now;
        long lastText = _endpoints.Max(endpoint => endpoint.Figures.LastText);
        if (_options.Time.GetElapsedTime(Math.Max(_lastSign, lastText), now) > _options.OutagePatience) _scheduler.Close(_explain(null));
    }

    private async Task AdjustAsync(FleetEndpoint endpoint)
    {
        bool wasUsed = endpoint.MostInFlight >= endpoint.Limit.Current;
        endpoint.MostInFlight = endpoint.InFlight;
        try
        {
            EngineLoad? load = _options.Concurrency is null ? await endpoint.Engine.LoadAsync(_stop.Token) : null;
            endpoint.Limit.Adjust(wasUsed, load, endpoint.Figures.Pace);
            FleetMeter.Limit.Record(endpoint.Limit.Current, FleetMeter.Server(endpoint));
        }
        catch (OperationCanceledException) { }
    }
}
