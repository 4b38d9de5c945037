using System.Threading.Channels;
using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Inference.Fleet;

/// <summary>
/// One enumeration of requests against a fleet: draws them as capacity and budget allow, hands completions over as they
/// come, and decides when failures of single requests mean that the fleet itself has failed.
/// </summary>
internal sealed class FleetRun : IAsyncDisposable
{
    // So many refusals and not one success: the fault lies in what all requests share, not in each of them.
    private const int RefusalsBeforeStop = 8;

    private readonly EndpointFleet _fleet;
    private readonly FleetOptions _options;
    private readonly IEnumerator<CompletionRequest> _requests;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<CompletedRequest> _results;
    private readonly Task _work;
    private readonly Lock _gate = new();
    private readonly List<CompletedRequest> _refused = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private EndpointFault? _lastFault;
    private long _succeeded;
    private long _givenUp;
    private int _givenUpInARow;
    private int _underWay;

    /// <summary>Starts.</summary>
    public FleetRun(EndpointFleet fleet, FleetOptions options, IEnumerable<CompletionRequest> requests, CancellationToken cancellation)
    {
        (_fleet, _options) = (fleet, options);
        _requests = requests.GetEnumerator();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // A slow reader slows the requests. What waits here to be stored is lost in a crash, and it is paid for: the limit on
        // what is under way holds for what waits to be handed over too, and that is buffer enough.
        _results = Channel.CreateBounded<CompletedRequest>(1);
        _work = SameScheduler.Start(WorkAsync);
    }

    /// <summary>
    /// Completions as they come; what is already there is handed over even when the run fails or is cancelled: it is paid for.
    /// </summary>
    /// <exception cref="InputException">The fleet failed, requests are left that no retry could complete, or the budget is used up.</exception>
    public async IAsyncEnumerable<CompletedRequest> Results()
    {
        while (await _results.Reader.WaitToReadAsync(CancellationToken.None))
            while (_results.Reader.TryRead(out CompletedRequest? completed)) yield return completed;
    }

    /// <summary>Cancels what is under way and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelHereAsync();
        while (!_work.IsCompleted) // a reader that left early must not block those who still write
        {
            while (_results.Reader.TryRead(out _)) { }
            await Task.WhenAny(_work, ReadableAsync());
        }
        _requests.Dispose();
        _stop.Dispose();
    }

    // Awaited here, and not handed over as a task of the channel's, which would go on in a thread of the pool.
    private async Task<bool> ReadableAsync() => await _results.Reader.WaitToReadAsync();

    private async Task WorkAsync()
    {
        try
        {
            await DispatchAsync();
        }
        catch (Exception e)
        {
            await FailAsync(e);
        }
        while (Volatile.Read(ref _underWay) is > 0) await ChangedAsync(() => Volatile.Read(ref _underWay) > 0);
        try
        {
            if (_failure is null) await HandOverRefusedAsync();
            if (_failure is null && _givenUp > 0) _failure = Unfinished();
        }
        finally
        {
            _results.Writer.Complete(_failure); // told to the reader, after what it still has to read
        }
    }

    private async Task DispatchAsync()
    {
        while (_requests.MoveNext())
        {
            var attempts = new RolloutAttempts(_requests.Current, _options);
            int worst = WorstCase(attempts);
            if (!await _fleet.Cap.ReserveAsync(attempts.PromptTokens, worst, _stop.Token)) throw _fleet.BudgetUsedUp();
            attempts.FirstPlace = await _fleet.Scheduler.AcquireAsync(attempts.PromptTokens, attempts.Request.Sampling.MaxTokens, null, _stop.Token);
            Interlocked.Increment(ref _underWay);
            _ = CompleteAsync(attempts, worst);
            // Those that pause between attempts hold no place; still there must not be ever more of them.
            while (Volatile.Read(ref _underWay) >= MostUnderWay) await ChangedAsync(() => Volatile.Read(ref _underWay) >= MostUnderWay);
            _stop.Token.ThrowIfCancellationRequested(); // those that are cancelled make room, and none must be drawn to fill it
        }
    }

    private int MostUnderWay => Math.Max(2, 2 * _fleet.Scheduler.Places);

    private int WorstCase(RolloutAttempts attempts) => attempts.Request.Sampling.MaxTokens * _options.OnTruncation switch
    {
        TruncationPolicy.Continue => 2,
        TruncationPolicy.Escalate => 3,
        _ => 1,
    };

    private async Task CompleteAsync(RolloutAttempts attempts, int worst)
    {
        try
        {
            await AttemptAsync(attempts);
        }
        catch (Exception e)
        {
            await FailAsync(e); // one request's failure of this kind is the end for all
        }
        finally
        {
            attempts.TakeFirstPlace()?.Dispose();
            _fleet.Cap.Release(attempts.PromptTokens, worst);
            Interlocked.Decrement(ref _underWay);
            Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    private async Task AttemptAsync(RolloutAttempts attempts)
    {
        try
        {
            CompletedRequest completed = await _fleet.AttemptAsync(attempts, _stop.Token);
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
            await RefuseAsync(attempts.Request, fault);
        }
        catch (EndpointFault fault) when (fault.Kind is FaultKind.Fatal or FaultKind.Quarantine)
        {
            throw fault.ToInputException();
        }
        catch (EndpointFault fault)
        {
            GiveUp(fault);
        }
    }

    private Task ChangedAsync(Func<bool> stillNeeded)
    {
        Task changed = Volatile.Read(ref _changed).Task;
        return stillNeeded() ? changed : Task.CompletedTask; // it may have changed before it was looked at
    }

    private async Task FailAsync(Exception failure)
    {
        // The first reason is the one to tell; those that it cancelled only follow from it.
        Interlocked.CompareExchange(ref _failure, failure, null);
        await _stop.CancelHereAsync();
    }

    private async Task RefuseAsync(CompletionRequest request, EndpointFault fault)
    {
        Completion partial = (fault.Partial ?? new CompletionAssembly(new EngineCall(request.Id, 1, request.Messages, request.Sampling))).Fail();
        var refused = new CompletedRequest(request, partial with { Origin = new CompletionOrigin { Endpoint = fault.Endpoint ?? "" } }, 0, fault.Code);
        bool hold;
        lock (_gate)
        {
            hold = _succeeded == 0;
            if (hold) _refused.Add(refused);
            if (_refused.Count >= RefusalsBeforeStop)
            {
                throw new InputException($"{fault.ToInputException().Message} (so ended each of the first {_refused.Count} requests)",
                    fault.Hint ?? "check the model and the sampling options against what the server accepts", inner: fault);
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

    // A request that no retry could save is left for the next run. When nothing else succeeds meanwhile, the fleet is gone.
    private void GiveUp(EndpointFault fault)
    {
        lock (_gate)
        {
            _lastFault = fault;
            _givenUp++;
            if (++_givenUpInARow < Math.Max(2, _fleet.Scheduler.Places)) return;
        }
        throw Unfinished();
    }

    private InputException Unfinished() => EndpointFleet.Unfinished(_lastFault, _givenUp == 1 ? "1 request is" : $"{_givenUp} requests are");
}
