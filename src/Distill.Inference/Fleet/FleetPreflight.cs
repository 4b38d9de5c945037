using Distill.Inference.Endpoints;
using Distill.Runs;
using Polly;
using Polly.Retry;

namespace Distill.Inference.Fleet;

/// <summary>One cheap question to every endpoint before the first dear one: is it there, does it take the key, does it know the model?</summary>
/// <param name="options">The fleet.</param>
internal sealed class FleetPreflight(FleetOptions options)
{
    private const int MostNames = 8;

    /// <summary>Asks all endpoints; those that are not there are left out until they come back, unless none is.</summary>
    /// <exception cref="InputException">No endpoint can be reached, one refuses the key, or one does not know the model.</exception>
    public async Task CheckAsync(IReadOnlyList<FleetEndpoint> endpoints, CancellationToken cancellation)
    {
        ResiliencePipeline<EngineFacts> retries = CreateRetries();
        EndpointFault?[] faults = await Task.WhenAll(endpoints.Select(endpoint => CheckAsync(endpoint, retries, cancellation)));
        EndpointFault? fatal = faults.FirstOrDefault(fault => fault is { Kind: FaultKind.Fatal }) ?? (faults.All(fault => fault is not null) ? faults[0] : null);
        if (fatal is not null) throw fatal.ToInputException();
        for (int i = 0; i < faults.Length; i++)
            if (faults[i] is not null) await endpoints[i].IsolateAsync();
    }

    private async Task<EndpointFault?> CheckAsync(FleetEndpoint endpoint, ResiliencePipeline<EngineFacts> retries, CancellationToken cancellation)
    {
        try
        {
            EngineFacts facts = await retries.RunAsync(token => ProbeAsync(endpoint, token), cancellation);
            if (facts.Models is { Count: > 0 } models && !models.Contains(options.Model)) throw UnknownModel(models);
            if (options.Tokenizer is not null && !facts.Dialect.GivesLogProbabilities())
                throw new EndpointFault(FaultKind.Fatal, "no_logprobs", $"{facts.Dialect} gives no log-probabilities") { Hint = "serve the model with vLLM, SGLang or llama-server, or leave --top-logprobs out" };
            return null;
        }
        catch (EndpointFault fault)
        {
            EndpointFault shown = fault.Code != "unreachable" ? fault
                : new EndpointFault(FaultKind.Transient, fault.Code, $"cannot be reached: {fault.Message}", fault) { Hint = "check --endpoint and that the server runs" };
            endpoint.Failed(shown);
            return shown;
        }
    }

    private async Task<EngineFacts> ProbeAsync(FleetEndpoint endpoint, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(options.IdleTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            return await endpoint.ProbeAsync(linked.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new EndpointFault(FaultKind.Transient, "unreachable", $"no reply within {options.IdleTimeout.TotalSeconds:0.#} s", e);
        }
    }

    private ResiliencePipeline<EngineFacts> CreateRetries() => new ResiliencePipelineBuilder<EngineFacts> { TimeProvider = options.Time }.AddRetry(new RetryStrategyOptions<EngineFacts>
    {
        MaxRetryAttempts = Math.Max(1, options.MaxRetries),
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Randomizer = options.Jitter,
        ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is EndpointFault { Kind: not (FaultKind.Fatal or FaultKind.Permanent), Code: not "unreachable" }),
    }).Build();

    private EndpointFault UnknownModel(IReadOnlyList<string> models)
    {
        string names = string.Join(", ", models.Take(MostNames)) + (models.Count > MostNames ? $" and {models.Count - MostNames} more" : "");
        return new EndpointFault(FaultKind.Fatal, "unknown_model", $"the model `{options.Model}` is not known there") { Hint = $"it serves {names}: pass one of them as --model" };
    }
}
