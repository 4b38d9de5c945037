namespace Distill.Inference.Fleet;

/// <summary>
/// Requests and tokens for each minute, as paid services allow them: two buckets that fill steadily. Tokens are reserved
/// when a request starts and settled when its usage is known.
/// </summary>
/// <param name="requestsPerMinute">Requests, or null for no limit.</param>
/// <param name="tokensPerMinute">Tokens of prompts and completions, or null for no limit.</param>
/// <param name="time">The clock.</param>
internal sealed class RateBudget(int? requestsPerMinute, int? tokensPerMinute, TimeProvider time)
{
    // So much of a minute's allowance may be used at once.
    private const double BurstMinutes = 0.1;

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _gate = new();
    private double _requests = Burst(requestsPerMinute);
    private double _tokens = Burst(tokensPerMinute);
    private double _filledAt;

    /// <summary>Whether a request with so many tokens may start now.</summary>
    public bool HasRoom(int tokens)
    {
        if (requestsPerMinute is null && tokensPerMinute is null) return true;
        lock (_gate)
        {
            Fill();
            // A request larger than the whole bucket starts when the bucket is full, and leaves a debt.
            return (requestsPerMinute is null || _requests >= 1) && (tokensPerMinute is null || _tokens >= Math.Min(tokens, Burst(tokensPerMinute)));
        }
    }

    /// <summary>Starts a request with so many tokens.</summary>
    public void Take(int tokens)
    {
        lock (_gate)
        {
            _requests--;
            _tokens -= tokens;
        }
    }

    /// <summary>Corrects a reservation by what was used.</summary>
    public void Settle(int reserved, int used)
    {
        if (tokensPerMinute is null) return;
        lock (_gate) _tokens += reserved - used;
    }

    private static double Burst(int? perMinute) => Math.Max(1, (perMinute ?? 0) * BurstMinutes);

    private void Fill()
    {
        double now = time.GetElapsedTime(_start).TotalMinutes, passed = now - _filledAt;
        _filledAt = now;
        _requests = Math.Min(Burst(requestsPerMinute), _requests + (passed * (requestsPerMinute ?? 0)));
        _tokens = Math.Min(Burst(tokensPerMinute), _tokens + (passed * (tokensPerMinute ?? 0)));
    }
}
