namespace Distill.Teacher;

/// <summary>How long the rest will take and what it will cost, from the rollouts so far.</summary>
/// <param name="total">Planned rollouts.</param>
/// <param name="tally">Those that are stored.</param>
internal sealed class RolloutForecast(int total, RolloutTally tally)
{
    // Fewer say nothing about the mean.
    private const int EnoughToTell = 5;

    // One-sided 90 % of a normal distribution.
    private const double Careful = 1.2816;

    /// <summary>Planned rollouts.</summary>
    public int Total => total;

    /// <summary>Dollars of the whole run.</summary>
    /// <param name="spent">Dollars so far.</param>
    public double Cost(double spent) => tally.Rollouts == tally.Reused ? spent : spent + (spent / (tally.Rollouts - tally.Reused) * (total - tally.Rollouts));

    /// <summary>
    /// Time left: the median, and the time that nine of ten runs stay below; null while nothing can be told. The rest is
    /// done at the present pace; behind it comes a tail, in which the last long completions run alone.
    /// </summary>
    /// <param name="tokensPerSecond">Present pace of all endpoints.</param>
    /// <param name="streamTokensPerSecond">Pace of the slowest single stream, or 0.</param>
    public (TimeSpan Likely, TimeSpan Careful)? Left(double tokensPerSecond, double streamTokensPerSecond)
    {
        int left = total - tally.Rollouts;
        if (left == 0 || tokensPerSecond <= 0 || tally.Rollouts < EnoughToTell) return null;
        double mean = tally.MeanTokens, deviation = tally.DeviationTokens;
        // Uncertain are both the mean, known from few rollouts, and the sum of those that are to come.
        double spread = deviation * Math.Sqrt(((double)left * left / tally.Rollouts) + left);
        double tail = streamTokensPerSecond > 0 ? mean / streamTokensPerSecond / 2 : 0;
        double likely = left * mean / tokensPerSecond, careful = ((left * mean) + (Careful * spread)) / tokensPerSecond;
        const double most = 1e9; // seconds; a stalled fleet must not overflow
        return (TimeSpan.FromSeconds(Math.Min(most, likely + tail)), TimeSpan.FromSeconds(Math.Min(most, careful + (2 * tail))));
    }
}
