using System.Threading.Channels;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>
/// One enumeration of requests against an endpoint: draws them as capacity allows, hands completions over as they come,
/// and decides when failures of single requests mean that the endpoint itself has failed.
/// </summary>
internal sealed class EndpointRun : IAsyncDisposable
{
    // So many refusals and not one success: the fault lies in what all requests share, not in each of them.
    private const int RefusalsBeforeStop = 8;

    private readonly OpenAIEndpoint _endpoint;
    private readonly IEnumerator<CompletionRequest> _requests;
    private readonly int _concurrency;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<CompletedRequest> _results;
    private readonly Task _work;
    private readonly Lock _gate = new();
    private readonly List<CompletedRequest> _refused = [];
    private EndpointFault? _lastFault;
    private long _succeeded;
    private long _givenUp;
    private int _givenUpInARow;

    /// <summary>Starts.</summary>
    public EndpointRun(OpenAIEndpoint endpoint, IEnumerable<CompletionRequest> requests, int concurrency, CancellationToken cancellation)
    {
        _endpoint = endpoint;
        _requests = requests.GetEnumerator();
        _concurrency = concurrency;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _results = Channel.CreateBounded<CompletedRequest>(concurrency); // a slow reader slows the requests, nothing piles up
        _work = WorkAsync();
    }

    /// <summary>
    /// Completions as they come; what is already there is handed over even when the run fails or is cancelled: it is paid for.
    /// </summary>
    /// <exception cref="InputException">The endpoint failed, or requests are left that no retry could complete.</exception>
    public IAsyncEnumerable<CompletedRequest> Results() => _results.Reader.ReadAllAsync(CancellationToken.None);

    /// <summary>Cancels what is under way and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        while (!_work.IsCompleted) // a reader that left early must not block those who still write
        {
            while (_results.Reader.TryRead(out _)) { }
            await Task.WhenAny(_work, _results.Reader.WaitToReadAsync().AsTask());
        }
        _requests.Dispose();
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        Exception? failure = null;
        try
        {
            await Task.WhenAll(Enumerable.Range(0, _concurrency).Select(_ => Task.Run(WorkerAsync)));
            await HandOverRefusedAsync();
            if (_givenUp > 0) failure = Unfinished();
        }
        catch (Exception e)
        {
            failure = e; // told to the reader, after what it still has to read
        }
        _results.Writer.Complete(failure);
    }

    private async Task WorkerAsync()
    {
        try
        {
            while (TryTake(out CompletionRequest? request)) await CompleteAsync(request);
        }
        catch
        {
            await _stop.CancelAsync(); // one worker's failure is the end for all
            throw;
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CompletionRequest? request)
    {
        lock (_gate)
        {
            _stop.Token.ThrowIfCancellationRequested();
            request = _requests.MoveNext() ? _requests.Current : null;
            return request is not null;
        }
    }

    private async Task CompleteAsync(CompletionRequest request)
    {
        try
        {
            CompletedRequest completed = await _endpoint.AttemptAsync(request, onText: null, _stop.Token);
            bool first;
            lock (_gate)
            {
                first = _succeeded++ == 0;
                _givenUpInARow = 0;
            }
            await _results.Writer.WriteAsync(completed, CancellationToken.None);
            if (first) await HandOverRefusedAsync();
        }
        catch (EndpointFault fault) when (fault.Kind is FaultKind.Permanent or FaultKind.Rejected)
        {
            await RefuseAsync(request, fault);
        }
        catch (EndpointFault fault) when (fault.Kind is FaultKind.Fatal)
        {
            throw _endpoint.Explain(fault);
        }
        catch (EndpointFault fault)
        {
            GiveUp(fault);
        }
    }

    private async Task RefuseAsync(CompletionRequest request, EndpointFault fault)
    {
        Completion partial = fault.Partial?.Fail() ?? new CompletionAssembly(request.Sampling.MaxTokens).Fail();
        var refused = new CompletedRequest(request, partial, 0, fault.Code);
        bool hold;
        lock (_gate)
        {
            hold = _succeeded == 0;
            if (hold) _refused.Add(refused);
            if (_refused.Count >= RefusalsBeforeStop)
            {
                InputException shown = _endpoint.Explain(fault);
                throw new InputException($"{shown.Message} (so ended each of the first {_refused.Count} requests)",
                    "nothing was stored; check the model and the sampling options against what the server accepts", inner: fault);
            }
        }
        if (!hold) await _results.Writer.WriteAsync(refused, CancellationToken.None);
    }

    private async Task HandOverRefusedAsync()
    {
        CompletedRequest[] refused;
        lock (_gate)
        {
            refused = [.. _refused];
            _refused.Clear();
        }
        foreach (CompletedRequest request in refused) await _results.Writer.WriteAsync(request, CancellationToken.None);
    }

    // A request that no retry could save is left for the next run. When nothing else succeeds meanwhile, the endpoint is gone.
    private void GiveUp(EndpointFault fault)
    {
        lock (_gate)
        {
            _lastFault = fault;
            _givenUp++;
            if (++_givenUpInARow < Math.Max(2, _concurrency)) return;
        }
        throw Unfinished();
    }

    private InputException Unfinished()
    {
        InputException shown = _endpoint.Explain(_lastFault!);
        return new InputException($"{shown.Message} ({(_givenUp == 1 ? "1 request is" : $"{_givenUp} requests are")} left without a completion)",
            "run the same command again: only what is missing is asked for", shown.ExitCode, _lastFault);
    }
}
