namespace Distill.Inference.Fleet;

/// <summary>
/// What a run may spend. A request starts only when its worst case fits beside the worst cases of all that are under way,
/// so that the cap holds whatever the model does.
/// </summary>
/// <param name="options">Caps and prices.</param>
internal sealed class SpendingCap(FleetOptions options)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _settled = New();
    private long _tokens;
    private double _cost;
    private long _reservedTokens;
    private double _reservedCost;
    private int _underWay;

    /// <summary>Tokens spent, waste included.</summary>
    public long Tokens
    {
        get
        {
            lock (_gate) return _tokens;
        }
    }

    /// <summary>Dollars spent, waste included.</summary>
    public double Cost
    {
        get
        {
            lock (_gate) return _cost;
        }
    }

    /// <summary>Counts what was spent.</summary>
    /// <returns>Dollars.</returns>
    public double Spend(long promptTokens, long completionTokens)
    {
        double cost = CostOf(promptTokens, completionTokens);
        lock (_gate)
        {
            _tokens += promptTokens + completionTokens;
            _cost += cost;
        }
        return cost;
    }

    /// <summary>Reserves a worst case, waiting for others to settle where that may help; false when it can never fit.</summary>
    public async ValueTask<bool> ReserveAsync(long promptTokens, long completionTokens, CancellationToken cancellation)
    {
        while (true)
        {
            Task settled;
            lock (_gate)
            {
                long tokens = promptTokens + completionTokens;
                double cost = CostOf(promptTokens, completionTokens);
                if ((options.MaxTokensTotal is not { } most || _tokens + _reservedTokens + tokens <= most)
                    && (options.MaxCost is not { } dollars || _cost + _reservedCost + cost <= dollars))
                {
                    _reservedTokens += tokens;
                    _reservedCost += cost;
                    _underWay++;
                    return true;
                }
                if (_underWay == 0) return false;
                settled = _settled.Task;
            }
            await settled.WaitAsync(cancellation);
        }
    }

    /// <summary>Lets go of a reservation; what was used of it has been counted by <see cref="Spend"/>.</summary>
    public void Release(long promptTokens, long completionTokens)
    {
        TaskCompletionSource settled;
        lock (_gate)
        {
            _reservedTokens -= promptTokens + completionTokens;
            _reservedCost -= CostOf(promptTokens, completionTokens);
            _underWay--;
            settled = _settled;
            _settled = New();
        }
        settled.TrySetResult();
    }

    private double CostOf(long promptTokens, long completionTokens) => ((promptTokens * options.PromptPrice) + (completionTokens * options.CompletionPrice)) / 1e6;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
