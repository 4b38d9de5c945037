using Distill.Runs;

namespace Distill.Inference.Fleet;

/// <summary>A place at an endpoint for one attempt.</summary>
internal sealed class Lease(FleetScheduler scheduler, FleetEndpoint endpoint, int expectedTokens, int reservedTokens) : IDisposable
{
    private int _released;

    /// <summary>The endpoint.</summary>
    public FleetEndpoint Endpoint => endpoint;

    /// <summary>Tokens that the attempt was expected to use.</summary>
    public int ExpectedTokens => expectedTokens;

    /// <summary>Tells what the attempt used, so that the minute's allowance is charged for that and no more.</summary>
    public void Settle(int usedTokens) => endpoint.Rate.Settle(reservedTokens, usedTokens);

    /// <summary>Gives the place back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) scheduler.Release(this);
    }
}

/// <summary>
/// Gives each attempt a place at the endpoint that will be free soonest: the fewest expected tokens outstanding for its
/// speed. Whoever waited longest is served first.
/// </summary>
/// <param name="endpoints">The endpoints.</param>
internal sealed class FleetScheduler(IReadOnlyList<FleetEndpoint> endpoints)
{
    // Beyond so many endpoints, comparing two random ones is as good as comparing all (Mitzenmacher, 2001).
    private const int CompareAll = 16;

    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private readonly RandomStream _random = new(0);
    private Exception? _closed;

    /// <summary>Places in all.</summary>
    public int Places => endpoints.Sum(endpoint => endpoint.Limit.Current);

    /// <summary>Attempts that wait for a place.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _waiters.Count;
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="promptTokens">Tokens of the prompt, about.</param>
    /// <param name="maxTokens">Most tokens of the completion.</param>
    /// <param name="except">An endpoint that will not do, or null.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="avoided">An endpoint that will do only when no other is up, or null.</param>
    public Task<Lease> AcquireAsync(int promptTokens, int maxTokens, FleetEndpoint? except, CancellationToken cancellation, FleetEndpoint? avoided = null)
    {
        var waiter = new Waiter(promptTokens, maxTokens, except, avoided);
        lock (_gate)
        {
            if (_closed is not null) return Task.FromException<Lease>(_closed);
            if (_waiters.Count == 0 && Choose(waiter) is { } lease) return Task.FromResult(lease);
            waiter.Node = _waiters.AddLast(waiter);
        }
        if (!cancellation.CanBeCanceled) return waiter.Task;
        CancellationTokenRegistration registration = cancellation.UnsafeRegister(_ =>
        {
            lock (_gate)
            {
                if (waiter.Node?.List is null) return;
                _waiters.Remove(waiter.Node);
            }
            waiter.TrySetCanceled(cancellation);
        }, null);
        waiter.Task.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return waiter.Task;
    }

    /// <summary>Whether an endpoint other than <paramref name="busy"/> has a place and nobody waits for it.</summary>
    public bool HasIdlePlace(FleetEndpoint? busy)
    {
        lock (_gate) return _waiters.Count == 0 && endpoints.Any(endpoint => endpoint != busy && endpoint.IsReady && endpoint.InFlight < endpoint.Limit.Current);
    }

    /// <summary>Serves those who wait, after something changed.</summary>
    public void Pump()
    {
        lock (_gate)
        {
            for (LinkedListNode<Waiter>? node = _waiters.First; node is not null;)
            {
                LinkedListNode<Waiter>? next = node.Next;
                if (Choose(node.Value) is { } lease)
                {
                    _waiters.Remove(node);
                    node.Value.TrySetResult(lease);
                }
                else if (node.Value is { Except: null, Avoided: null }) return; // who comes later finds no more than this one
                node = next;
            }
        }
    }

    /// <summary>Nobody gets a place any more.</summary>
    public void Close(Exception reason)
    {
        lock (_gate)
        {
            _closed = reason;
            foreach (Waiter waiter in _waiters) waiter.TrySetException(reason);
            _waiters.Clear();
        }
    }

    internal void Release(Lease lease)
    {
        lock (_gate)
        {
            lease.Endpoint.InFlight--;
            lease.Endpoint.Outstanding -= lease.ExpectedTokens;
        }
        FleetMeter.InFlight.Add(-1, FleetMeter.Server(lease.Endpoint));
        Pump();
    }

    private Lease? Choose(Waiter waiter)
    {
        FleetEndpoint? best = null;
        double bestScore = double.PositiveInfinity;
        int compared = Math.Min(endpoints.Count, CompareAll), drawn = endpoints.Count > CompareAll ? 2 : compared;
        for (int attempt = 0; attempt < compared && (attempt < drawn || best is null); attempt++)
        {
            FleetEndpoint endpoint = endpoints[endpoints.Count > CompareAll ? _random.Next(0, endpoints.Count - 1) : attempt];
            if (endpoint == waiter.Except || (endpoint == waiter.Avoided && OtherIsUp(endpoint, waiter.Except)) || !endpoint.IsReady || endpoint.InFlight >= endpoint.Limit.Current || !endpoint.Rate.HasRoom(Reserved(endpoint, waiter))) continue;
            double score = (endpoint.Outstanding + Expected(endpoint, waiter)) / (endpoint.Weight * Speed(endpoint));
            if (score >= bestScore) continue;
            (best, bestScore) = (endpoint, score);
        }
        if (best is null) return null;
        int expected = waiter.PromptTokens + Expected(best, waiter);
        int reserved = Reserved(best, waiter);
        best.Rate.Take(reserved);
        best.InFlight++;
        best.MostInFlight = Math.Max(best.MostInFlight, best.InFlight);
        best.Outstanding += expected;
        FleetMeter.InFlight.Add(1, FleetMeter.Server(best));
        return new Lease(this, best, expected, reserved);
    }

    private bool OtherIsUp(FleetEndpoint endpoint, FleetEndpoint? except) => endpoints.Any(other => other != endpoint && other != except && other.IsUp);

    private static int Reserved(FleetEndpoint endpoint, Waiter waiter) => waiter.PromptTokens + endpoint.Figures.LongLength(waiter.MaxTokens);

    private static int Expected(FleetEndpoint endpoint, Waiter waiter) =>
        endpoint.Figures.MeanLength is > 0 and var mean ? (int)Math.Min(mean, waiter.MaxTokens) : waiter.MaxTokens;

    // What it could do with all its places taken; an endpoint that nobody has measured yet counts as a usual one.
    private double Speed(FleetEndpoint endpoint)
    {
        double stream = endpoint.Figures.StreamTokensPerSecond;
        if (stream <= 0)
        {
            double[] known = [.. endpoints.Select(other => other.Figures.StreamTokensPerSecond).Where(speed => speed > 0)];
            stream = known.Length > 0 ? known.Average() : 1;
        }
        return stream * endpoint.Limit.Current;
    }

    private sealed class Waiter(int promptTokens, int maxTokens, FleetEndpoint? except, FleetEndpoint? avoided) : TaskCompletionSource<Lease>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int PromptTokens => promptTokens;

        public int MaxTokens => maxTokens;

        public FleetEndpoint? Except => except;

        public FleetEndpoint? Avoided => avoided;

        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
