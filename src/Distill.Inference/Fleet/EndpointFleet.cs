using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Runs;
using Polly;
using Polly.Timeout;

namespace Distill.Inference.Fleet;

/// <summary>
/// One or more servers that serve the same model, as one source of completions. A completion counts only when its stream
/// ended with a finish reason and a usage that fits the text; everything else is tried again, elsewhere if need be, or told.
/// </summary>
/// <remarks>
/// Requests that no server will ever complete come back with <see cref="CompletedRequest.Failure"/>; those that failed for the
/// moment, beyond all retries, do not come back and end the enumeration with an <see cref="InputException"/>.
/// </remarks>
public sealed class EndpointFleet : ICompletionSource
{
    /// <summary>Name of the meter of the teacher's figures.</summary>
    public const string MeterName = "Distill.Teacher";

    private const double HedgeFactor = 4;

    private readonly FleetOptions _options;
    private readonly FleetEndpoint[] _endpoints;
    private readonly FleetAttempt _attempt;
    private readonly ResiliencePipeline<CompletedRequest> _policy;
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private bool _prepared;

    /// <summary>Makes the fleet; connects to nothing yet.</summary>
    /// <exception cref="InputException">An address cannot be used.</exception>
    public EndpointFleet(FleetOptions options)
        : this(options, [.. options.Endpoints.Select(endpoint => new FleetEndpoint(endpoint, options))])
    {
    }

    internal EndpointFleet(FleetOptions options, FleetEndpoint[] endpoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Concurrency ?? 1, 1);
        ArgumentOutOfRangeException.ThrowIfZero(endpoints.Length);
        _options = options;
        _endpoints = endpoints;
        Cap = new SpendingCap(options);
        Scheduler = new FleetScheduler(endpoints);
        _attempt = new FleetAttempt(options, Scheduler, Cap, new PromptTokenCounts());
        _policy = AttemptPolicy.Create(options, _attempt.RunAsync, HedgeDelay, Scheduler.HasIdlePlace);
    }

    /// <summary>The model alone, and its revision: it stays the same wherever it is served.</summary>
    public string Identity => IdentityOf(_options.Model, _options.Revision);

    /// <summary>Null: every request stands alone.</summary>
    public int? BatchSize => null;

    /// <summary>Raised, from many threads, for every attempt that came to nothing after it had produced text.</summary>
    public Action<WastedAttempt>? OnWaste
    {
        get => _attempt.OnWaste;
        set => _attempt.OnWaste = value;
    }

    internal FleetScheduler Scheduler { get; }

    internal SpendingCap Cap { get; }

    internal IReadOnlyList<FleetEndpoint> Endpoints => _endpoints;

    /// <summary>Identity of a model that servers serve.</summary>
    public static string IdentityOf(string model, string? revision) => revision is null ? model : $"{model}@{revision}";

    /// <summary>Counts what an earlier attempt at the run spent, against this one's caps.</summary>
    public void CountSpent(long promptTokens, long completionTokens) => Cap.Spend(promptTokens, completionTokens);

    /// <summary>Where the fleet stands.</summary>
    public FleetSnapshot Snapshot() => new(
        Cap.Tokens, Cap.Cost,
        [.. _endpoints.Select(endpoint => new EndpointSnapshot(
            endpoint.Engine.Name,
            endpoint.Quarantine is not null ? "quarantined" : endpoint.State == Polly.CircuitBreaker.CircuitState.Closed ? "up" : "down",
            endpoint.InFlight, endpoint.Limit.Current, endpoint.Figures.TokensPerSecond, endpoint.Figures.UsefulTokens, endpoint.Figures.WastedTokens,
            endpoint.Figures.Completed, endpoint.Figures.Faults, endpoint.LastFault is { } fault ? new EndpointTrouble(fault.Code, fault.Message) : null))]);

    /// <inheritdoc/>
    public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await PrepareAsync(cancellation);
        await using var guard = new FleetGuard(_options, _endpoints, Scheduler, Ending);
        await using var run = new FleetRun(this, _options, requests, cancellation);
        await foreach (CompletedRequest completed in run.Results()) yield return completed;
    }

    /// <inheritdoc/>
    /// <remarks>Retried only as long as no text has been handed over.</remarks>
    public async Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation)
    {
        await PrepareAsync(cancellation);
        await using var guard = new FleetGuard(_options, _endpoints, Scheduler, Ending);
        try
        {
            return (await AttemptAsync(new RolloutAttempts(request, _options) { OnText = onText }, cancellation)).Completion;
        }
        catch (EndpointFault fault)
        {
            throw fault.ToInputException();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (FleetEndpoint endpoint in _endpoints) await endpoint.DisposeAsync();
        _preparing.Dispose();
    }

    /// <summary>Completes one request over as many attempts as it may take.</summary>
    /// <exception cref="EndpointFault">The last attempt failed.</exception>
    internal async Task<CompletedRequest> AttemptAsync(RolloutAttempts attempts, CancellationToken cancellation)
    {
        try
        {
            return await _policy.RunAsync(token => _attempt.RunAsync(attempts, null, token), cancellation, attempts);
        }
        catch (TimeoutRejectedException e)
        {
            throw new EndpointFault(FaultKind.Transient, "deadline", $"not complete after {_options.Deadline.TotalHours:0.##} h of attempts", e);
        }
    }

    /// <summary>What to tell when requests are left.</summary>
    internal static InputException Unfinished(EndpointFault? last, string left)
    {
        string what = last?.ToInputException().Message ?? "no endpoint answers";
        return new InputException($"{what} ({left} left without a completion)", "run the same command again: only what is missing is asked for", last?.ExitCode ?? 1, last);
    }

    /// <summary>What to tell when the budget does not allow another request.</summary>
    internal InputException BudgetUsedUp() => new(
        _options.MaxTokensTotal is { } tokens && Cap.Cost < (_options.MaxCost ?? double.PositiveInfinity) * 0.5
            ? $"the budget of {tokens} tokens does not allow another request ({Cap.Tokens} are used)"
            : $"the budget of ${_options.MaxCost:0.##} does not allow another request (${Cap.Cost:0.00} is spent)",
        "everything that was finished is stored; raise --max-cost or --max-tokens-total and run the same command again to go on");

    private InputException Ending(EndpointFault? quarantine) => quarantine is not null ? quarantine.ToInputException()
        : Unfinished(_attempt.LastFault, $"nothing came from any endpoint for {_options.OutagePatience.TotalMinutes:0.#} min; requests are");

    private TimeSpan HedgeDelay()
    {
        double usual = HedgeFactor * _endpoints.Max(endpoint => endpoint.Figures.SlowestFirstTextSeconds);
        return usual > _options.HedgeDelay.TotalSeconds ? TimeSpan.FromSeconds(usual) : _options.HedgeDelay;
    }

    private async Task PrepareAsync(CancellationToken cancellation)
    {
        await _preparing.WaitAsync(cancellation);
        try
        {
            if (_prepared) return;
            await new FleetPreflight(_options).CheckAsync(_endpoints, cancellation);
            _prepared = true;
        }
        finally
        {
            _preparing.Release();
        }
    }
}
