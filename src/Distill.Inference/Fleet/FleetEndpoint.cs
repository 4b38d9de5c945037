using Distill.Inference.Endpoints;
using Polly;
using Polly.CircuitBreaker;

namespace Distill.Inference.Fleet;

/// <summary>One server of the fleet: its engine, how much it gets, and whether it gets anything.</summary>
internal sealed class FleetEndpoint : IAsyncDisposable
{
    private const int UnknownConcurrency = 8;
    private const int MostConcurrency = 4096;
    private const int MostStart = 256;
    private static readonly TimeSpan LongestBreak = TimeSpan.FromMinutes(5);

    private readonly EndpointOptions _endpoint;
    private readonly FleetOptions _options;
    private readonly CircuitBreakerManualControl _control = new();
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly Lock _gate = new();
    private string? _model;
    private string? _fingerprint;
    private EngineDialect _dialect;
    private long _pausedUntil;

    /// <summary>Makes the endpoint; connects to nothing yet.</summary>
    /// <exception cref="Runs.InputException">The address cannot be used.</exception>
    public FleetEndpoint(EndpointOptions endpoint, FleetOptions options, IEngine? engine = null)
    {
        (_endpoint, _options) = (endpoint, options);
        Engine = engine ?? (endpoint.Dialect == EngineDialect.Ollama ? new OllamaEngine(endpoint, options) : new OpenAIEngine(endpoint, options));
        Figures = new(options.Time);
        LogProbabilities = options.Tokenizer is { } tokenizer ? new(tokenizer) : null;
        Rate = new(options.RequestsPerMinute, options.TokensPerMinute, options.Time);
        Limit = new(options.Concurrency ?? UnknownConcurrency, options.Concurrency ?? MostConcurrency);
        Breaker = CreateBreaker();
    }

    /// <summary>The engine.</summary>
    public IEngine Engine { get; private set; }

    /// <summary>Reads its log-probabilities, or null where nobody asks for them.</summary>
    public EndpointLogProbabilities? LogProbabilities { get; }

    /// <summary>How much of the work it should get.</summary>
    public double Weight => _endpoint.Weight;

    /// <summary>What the client measures of it.</summary>
    public EndpointFigures Figures { get; }

    /// <summary>How many requests it gets.</summary>
    public ConcurrencyLimit Limit { get; private set; }

    /// <summary>What it accepts in a minute.</summary>
    public RateBudget Rate { get; }

    /// <summary>Every attempt goes through here; opens when too many fail.</summary>
    public ResiliencePipeline<CompletedRequest> Breaker { get; }

    /// <summary>Requests under way; kept by the scheduler.</summary>
    public int InFlight { get; set; }

    /// <summary>Most requests that were under way since the limit was last looked at; kept by the scheduler.</summary>
    public int MostInFlight { get; set; }

    /// <summary>Tokens that the requests under way are expected to have; kept by the scheduler.</summary>
    public double Outstanding { get; set; }

    /// <summary>Why it gets no more work for good, or null.</summary>
    public EndpointFault? Quarantine { get; private set; }

    /// <summary>What it failed with last, or null.</summary>
    public EndpointFault? LastFault { get; private set; }

    /// <summary>State of the breaker.</summary>
    public CircuitState State => _state.CircuitState;

    /// <summary>Whether it may get work at all.</summary>
    public bool IsUp => Quarantine is null && State == CircuitState.Closed;

    /// <summary>Whether it may get a request now, its limit apart.</summary>
    public bool IsReady => IsUp && _options.Time.GetTimestamp() >= Volatile.Read(ref _pausedUntil);

    /// <summary>Asks the engine what it is, and sizes the limit by what it says.</summary>
    /// <exception cref="EndpointFault">It cannot be reached or refuses the key.</exception>
    public async Task<EngineFacts> ProbeAsync(CancellationToken cancellation)
    {
        EngineFacts facts = await Engine.ProbeAsync(cancellation);
        if (facts.Dialect == EngineDialect.Ollama && Engine is OpenAIEngine compatible)
        {
            await compatible.DisposeAsync();
            Engine = new OllamaEngine(_endpoint, _options);
            facts = await Engine.ProbeAsync(cancellation);
        }
        _dialect = facts.Dialect;
        if (_options.Concurrency is null) Limit = new(Math.Min(facts.Slots ?? UnknownConcurrency, MostStart), facts.Slots ?? MostConcurrency);
        return facts;
    }

    /// <summary>Checks that the server is still what it was.</summary>
    /// <exception cref="EndpointFault">Its model or its build changed.</exception>
    public void Recognize(string? model, string? fingerprint)
    {
        lock (_gate)
        {
            if (model is not null && _model is { } before && before != model) throw Changed("model", before, model);
            if (fingerprint is not null && _fingerprint is { } build && build != fingerprint && _dialect.KeepsFingerprint()) throw Changed("build", build, fingerprint);
            (_model, _fingerprint) = (_model ?? model, _fingerprint ?? fingerprint);
        }
    }

    /// <summary>Notes that it failed, and writes its name on the fault.</summary>
    public void Failed(EndpointFault fault)
    {
        (fault.Endpoint, fault.Key) = (Engine.Name, _endpoint.Key ?? _options.Key);
        LastFault = fault;
    }

    /// <summary>Gives it no more work.</summary>
    public void PutAside(EndpointFault fault) => Quarantine ??= fault;

    /// <summary>Gives it no new work for a while.</summary>
    public void Pause(TimeSpan wait)
    {
        long until = _options.Time.GetTimestamp() + (long)(wait.TotalSeconds * _options.Time.TimestampFrequency);
        lock (_gate) _pausedUntil = Math.Max(_pausedUntil, until);
    }

    /// <summary>Takes it out until it has proved that it lives.</summary>
    public Task IsolateAsync() => _control.IsolateAsync();

    /// <summary>Takes it in again.</summary>
    public Task RejoinAsync() => _control.CloseAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    // Polly's usual 100 calls in half a minute never come together where a call lasts an hour.
    private ResiliencePipeline<CompletedRequest> CreateBreaker() => new ResiliencePipelineBuilder<CompletedRequest> { TimeProvider = _options.Time }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<CompletedRequest>
        {
            FailureRatio = 0.5,
            MinimumThroughput = 5,
            SamplingDuration = TimeSpan.FromMinutes(1),
            BreakDurationGenerator = arguments => ValueTask.FromResult(
                TimeSpan.FromTicks((long)Math.Min(LongestBreak.Ticks, _options.BreakDuration.Ticks * Math.Pow(2, Math.Min(arguments.HalfOpenAttempts, 10))))),
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is EndpointFault { Kind: FaultKind.NoReply or FaultKind.Transient }),
            ManualControl = _control,
            StateProvider = _state,
        }).Build();

    private static EndpointFault Changed(string what, string before, string now) => new(FaultKind.Quarantine, "model_changed", $"the server's {what} changed from `{before}` to `{now}` during the run")
    {
        Hint = "traces of two teachers must not mix: run with the new model in another output folder",
    };
}
