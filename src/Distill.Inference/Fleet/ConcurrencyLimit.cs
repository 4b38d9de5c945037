using Distill.Inference.Endpoints;

namespace Distill.Inference.Fleet;

/// <summary>
/// How many requests an endpoint gets at the same time: grows while the engine keeps up, shrinks when it says or shows that
/// it does not. Additive growth and multiplicative cuts share a server fairly between clients, as in TCP (Chiu and Jain, 1989).
/// </summary>
/// <param name="start">First limit.</param>
/// <param name="most">Largest limit.</param>
internal sealed class ConcurrencyLimit(int start, int most)
{
    private const double Growth = 0.05;
    private const double Cut = 0.7;
    private const double LongQueue = 0.2;
    private const double ShortQueue = 0.1;
    private const double SlowTokens = 1.5;
    private const double SlowStart = 2;
    private const double TooLongWaitSeconds = 60;

    private readonly Lock _gate = new();
    private double _limit = Math.Clamp(start, 1, most);
    private double _lastCut = double.NegativeInfinity;

    /// <summary>The limit.</summary>
    public int Current
    {
        get
        {
            lock (_gate) return Math.Max(1, (int)_limit);
        }
    }

    /// <summary>The engine said that it is full. Many requests may hear it at once: that is one cut.</summary>
    /// <param name="seconds">Seconds on any steady clock.</param>
    public void Overloaded(double seconds)
    {
        lock (_gate)
        {
            if (seconds - _lastCut < 1) return;
            _lastCut = seconds;
            _limit = Math.Max(1, _limit * Cut);
        }
    }

    /// <summary>Looks at the last few seconds.</summary>
    /// <param name="wasUsed">Whether the limit was reached: one that is not used says nothing.</param>
    /// <param name="load">The engine's own figures, or null.</param>
    /// <param name="pace">What the client measured.</param>
    public void Adjust(bool wasUsed, EngineLoad? load, in Pace pace)
    {
        lock (_gate)
        {
            bool queues = load is { } busy ? busy.Waiting > LongQueue * Math.Max(1, busy.Running) : pace.BestFirstText > 0 && pace.FirstText > SlowStart * SlowStart * pace.BestFirstText;
            if (queues || pace.SlowestFirstText > TooLongWaitSeconds)
            {
                _limit = Math.Max(1, _limit * Cut);
                return;
            }
            bool room = load is { } now ? now.Waiting <= ShortQueue * Math.Max(1, now.Running) : pace.BestFirstText <= 0 || pace.FirstText <= SlowStart * pace.BestFirstText;
            bool quick = pace.BestTokenGap <= 0 || pace.TokenGap <= SlowTokens * pace.BestTokenGap;
            if (wasUsed && room && quick) _limit = Math.Min(most, _limit + Math.Max(1, Growth * _limit));
        }
    }

    /// <summary>What the client measured of an endpoint; 0 where nothing was.</summary>
    /// <param name="FirstText">Usual seconds to the first text, lately.</param>
    /// <param name="BestFirstText">The same when it was at its best.</param>
    /// <param name="SlowestFirstText">Seconds to the first text that one in twenty exceeds.</param>
    /// <param name="TokenGap">Seconds for each token of a stream, lately.</param>
    /// <param name="BestTokenGap">The same when it was at its best.</param>
    public readonly record struct Pace(double FirstText, double BestFirstText, double SlowestFirstText, double TokenGap, double BestTokenGap);
}
