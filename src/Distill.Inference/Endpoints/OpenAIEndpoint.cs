using Distill.Chat;
using Distill.Runs;
using Polly;
using Polly.Timeout;

namespace Distill.Inference.Endpoints;

/// <summary>
/// A server that speaks OpenAI's chat completions (vLLM, SGLang, llama-server, OpenAI and others), streamed. A completion
/// counts only when its stream ended with a finish reason and a usage that fits the text; everything else is tried again
/// or told.
/// </summary>
/// <remarks>
/// Requests that the server will never complete come back with <see cref="CompletedRequest.Failure"/>; those that failed
/// for the moment, beyond all retries, do not come back and end the enumeration with an <see cref="InputException"/>.
/// </remarks>
public sealed class OpenAIEndpoint : ICompletionSource
{
    private readonly EndpointOptions _options;
    private readonly EndpointClient _client;
    private readonly ResiliencePipeline _retries;
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private bool _prepared;

    /// <summary>Makes the endpoint; connects to nothing yet.</summary>
    /// <exception cref="InputException">The address cannot be used.</exception>
    public OpenAIEndpoint(EndpointOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Concurrency, 1);
        _options = options;
        _client = new EndpointClient(options);
        _retries = EndpointRetries.Create(options);
    }

    /// <inheritdoc/>
    public string Identity => $"{_options.Model}@{_client.Url}";

    /// <summary>Null: every request stands alone.</summary>
    public int? BatchSize => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<CompletedRequest> CompleteAsync(IEnumerable<CompletionRequest> requests, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await PrepareAsync(cancellation);
        await using var run = new EndpointRun(this, requests, _options.Concurrency, cancellation);
        await foreach (CompletedRequest completed in run.Results()) yield return completed;
    }

    /// <inheritdoc/>
    /// <remarks>Retried only as long as no text has been handed over.</remarks>
    public async Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation)
    {
        await PrepareAsync(cancellation);
        try
        {
            return (await AttemptAsync(request, onText, cancellation)).Completion;
        }
        catch (EndpointFault fault)
        {
            throw Explain(fault);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _preparing.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Completes one request over as many attempts as it may take.</summary>
    /// <exception cref="EndpointFault">The last attempt failed.</exception>
    internal async Task<CompletedRequest> AttemptAsync(CompletionRequest request, Action<string>? onText, CancellationToken cancellation)
    {
        int attempt = 0;
        bool handedOver = false;
        Action<string>? hand = onText is null ? null : text =>
        {
            handedOver = true;
            onText(text);
        };
        try
        {
            return await _retries.ExecuteAsync(async token =>
            {
                long start = _options.Time.GetTimestamp();
                try
                {
                    Completion completion = await _client.CompleteAsync(request, ++attempt, hand, token);
                    return new CompletedRequest(request, completion, _options.Time.GetElapsedTime(start).TotalSeconds);
                }
                catch (EndpointFault fault) when (handedOver && fault.Kind != FaultKind.Fatal)
                {
                    throw new EndpointFault(FaultKind.Permanent, fault.Code, fault.Message, fault); // text cannot be taken back
                }
            }, cancellation);
        }
        catch (TimeoutRejectedException e)
        {
            throw new EndpointFault(FaultKind.Transient, "deadline", $"not complete after {_options.Deadline.TotalHours:0.##} h of attempts", e);
        }
    }

    /// <summary>A fault as the user sees it when it ends the run.</summary>
    internal InputException Explain(EndpointFault fault) => fault.ToInputException(_client.Url, _options.Key);

    // One cheap question before the first dear one: is it there, does it take the key, does it know the model?
    private async Task PrepareAsync(CancellationToken cancellation)
    {
        await _preparing.WaitAsync(cancellation);
        try
        {
            if (_prepared) return;
            IReadOnlyList<string>? models = await _retries.ExecuteAsync(async token =>
            {
                try
                {
                    return await _client.ListModelsAsync(token);
                }
                catch (EndpointFault fault) when (fault.Code == "unreachable")
                {
                    throw new EndpointFault(FaultKind.Fatal, fault.Code, $"cannot be reached: {fault.Message}", fault) { Hint = "check --endpoint and that the server runs" };
                }
            }, cancellation);
            if (models is { Count: > 0 } && !models.Contains(_options.Model)) throw UnknownModel(models);
            _prepared = true;
        }
        catch (EndpointFault fault)
        {
            throw Explain(fault);
        }
        finally
        {
            _preparing.Release();
        }
    }

    private InputException UnknownModel(IReadOnlyList<string> models)
    {
        const int most = 8;
        string names = string.Join(", ", models.Take(most)) + (models.Count > most ? $" and {models.Count - most} more" : "");
        return new InputException($"{_client.Url}: the model `{_options.Model}` is not known there", $"it serves {names}: pass one of them as --model");
    }
}
