namespace Distill.Runs;

/// <summary>
/// A figure and the 95 % interval around it, from a sample of units. A unit is what was drawn at random, e.g. a prompt with all its
/// rollouts: rollouts of one prompt are alike, and must not be counted as if each were a draw of its own.
/// </summary>
/// <param name="Value">The figure.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end.</param>
public sealed record Estimate(double Value, double Low, double High)
{
    private const double Quantile95 = 1.959963984540054; // two-sided 95 % of the normal distribution
    private const int Resamples = 2000;

    // With fewer units, resampling draws the same one again and again.
    private const int EnoughToResample = 10;

    /// <summary>
    /// A share, e.g. of accepted rollouts: Wilson's interval for the number of independent draws that would be as uncertain as these.
    /// It stays honest where nothing, or everything, was hit.
    /// </summary>
    /// <param name="units">Hits and draws of each unit; at least one.</param>
    /// <remarks>
    /// E. B. Wilson, JASA 22, 1927, with Kish's design effect as Dean and Pagano (Journal of Survey Statistics and Methodology 3, 2015)
    /// use it.
    /// </remarks>
    public static Estimate Share(IReadOnlyList<(double Hits, double Draws)> units)
    {
        double share = units.Sum(unit => unit.Hits) / units.Sum(unit => unit.Draws);
        (double low, double high) = Wilson(share, EffectiveSize(units, share));
        return new(share, low, high);
    }

    /// <summary>
    /// A mean, or any ratio of two sums, e.g. tokens of each rollout: the studentised bootstrap over units, which follows a skewed
    /// distribution; Student's t with few units. Null with fewer than two units, which tell no interval.
    /// </summary>
    /// <param name="units">Numerator and denominator of each unit; none is negative.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <remarks>B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5.</remarks>
    public static Estimate? Ratio(IReadOnlyList<(double Sum, double Of)> units, long seed)
    {
        if (units.Count < 2 || units.Sum(unit => unit.Of) <= 0) return null;
        (double ratio, double error) = RatioOf(units);
        if (error == 0) return new(ratio, ratio, ratio);
        (double low, double high) = units.Count < EnoughToResample ? (-StudentsT(units.Count - 1), StudentsT(units.Count - 1)) : Resample(units, ratio, seed);
        return new(ratio, Math.Max(0, ratio - (high * error)), ratio - (low * error));
    }

    /// <summary>
    /// A quantile: the values between which the true one lies, found through the share of values below it. Where the sample is too
    /// small to bound it from above, the upper end is the largest value that is possible at all.
    /// </summary>
    /// <param name="units">Values of each unit.</param>
    /// <param name="share">Which quantile, 0 to 1.</param>
    /// <param name="most">Largest possible value.</param>
    /// <remarks>R. S. Woodruff, JASA 47, 1952.</remarks>
    public static Estimate Quantile(IReadOnlyList<IReadOnlyList<double>> units, double share, double most)
    {
        double[] sorted = [.. units.SelectMany(unit => unit).Order()];
        double value = sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
        double size = EffectiveSize([.. units.Select(unit => ((double)unit.Count(each => each <= value), (double)unit.Count))], share);
        double reach = Quantile95 * Math.Sqrt(share * (1 - share) / size);
        int low = (int)Math.Floor((share - reach) * sorted.Length) - 1, high = (int)Math.Ceiling((share + reach) * sorted.Length);
        return new(value, low < 0 ? 0 : sorted[low], high >= sorted.Length ? Math.Max(most, sorted[^1]) : sorted[high]);
    }

    /// <summary>Wilson's interval of a share.</summary>
    /// <param name="share">The share, 0 to 1.</param>
    /// <param name="size">Independent draws.</param>
    public static (double Low, double High) Wilson(double share, double size)
    {
        const double square = Quantile95 * Quantile95;
        double centre = share + (square / (2 * size));
        double reach = Quantile95 * Math.Sqrt((share * (1 - share) / size) + (square / (4 * size * size)));
        double scale = 1 + (square / size);
        return (Math.Max(0, (centre - reach) / scale), Math.Min(1, (centre + reach) / scale));
    }

    /// <summary>
    /// The sum over units still to come: uncertain are both the mean, known from few units, and what the coming ones will draw.
    /// </summary>
    /// <param name="units">Sum and size of each unit that was seen.</param>
    /// <param name="mean">Their mean for each part of the size.</param>
    /// <param name="size">Size that is to come, e.g. rollouts.</param>
    public static Estimate Coming(IReadOnlyList<(double Sum, double Of)> units, Estimate mean, double size)
    {
        double unitSize = units.Average(unit => unit.Of);
        double variance = units.Sum(unit => Square(unit.Sum - (mean.Value * unit.Of))) / Math.Max(1, units.Count - 1);
        double noise = Quantile95 * Math.Sqrt(variance * size / unitSize), value = mean.Value * size;
        return new(value, Math.Max(0, value - Math.Sqrt(Square(size * (mean.Value - mean.Low)) + Square(noise))), value + Math.Sqrt(Square(size * (mean.High - mean.Value)) + Square(noise)));
    }

    /// <summary>The estimate of a multiple.</summary>
    public Estimate Times(double factor) => new(Value * factor, Low * factor, High * factor);

    /// <summary>The estimate of a sum with what is known.</summary>
    public Estimate Plus(double known) => new(Value + known, Low + known, High + known);

    /// <summary>The estimate of a sum, with both at the same end of their intervals.</summary>
    public Estimate Plus(Estimate other) => new(Value + other.Value, Low + other.Low, High + other.High);

    // Between one draw for each unit, where all draws of a unit agree, and all of them, where they do not depend on it.
    private static double EffectiveSize(IReadOnlyList<(double Hits, double Draws)> units, double share)
    {
        double draws = units.Sum(unit => unit.Draws), bernoulli = share * (1 - share);
        if (bernoulli == 0 || units.Count < 2) return units.Count;
        double variance = units.Sum(unit => Square(unit.Hits - (share * unit.Draws))) * units.Count / (units.Count - 1) / Square(draws);
        return variance == 0 ? draws : Math.Clamp(bernoulli / variance, units.Count, draws);
    }

    private static (double Ratio, double Error) RatioOf(IReadOnlyList<(double Sum, double Of)> units)
    {
        double sum = 0, of = 0, squares = 0;
        foreach (var unit in units) (sum, of) = (sum + unit.Sum, of + unit.Of);
        double ratio = sum / of;
        foreach (var unit in units) squares += Square(unit.Sum - (ratio * unit.Of));
        return (ratio, Math.Sqrt(squares * units.Count / (units.Count - 1)) / of);
    }

    private static (double Low, double High) Resample(IReadOnlyList<(double Sum, double Of)> units, double ratio, long seed)
    {
        var random = new RandomStream(seed);
        var drawn = new (double Sum, double Of)[units.Count];
        var deviations = new List<double>(Resamples);
        for (int round = 0; round < Resamples; round++)
        {
            for (int i = 0; i < drawn.Length; i++) drawn[i] = units[random.Next(0, units.Count - 1)];
            (double again, double error) = RatioOf(drawn);
            if (error > 0) deviations.Add((again - ratio) / error);
        }
        deviations.Sort();
        return (deviations[(int)(0.025 * deviations.Count)], deviations[(int)(0.975 * deviations.Count)]);
    }

    // Two-sided 95 %: exact for one and two degrees of freedom, then the expansion in the normal quantile (Abramowitz and Stegun 26.7.5).
    private static double StudentsT(int degrees)
    {
        if (degrees == 1) return Math.Tan(Math.PI * 0.475);
        if (degrees == 2) return 0.95 * Math.Sqrt(2 / (1 - (0.95 * 0.95)));
        const double z = Quantile95;
        double v = degrees, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z, z9 = z7 * z * z;
        return z + ((z3 + z) / (4 * v)) + (((5 * z5) + (16 * z3) + (3 * z)) / (96 * v * v)) + (((3 * z7) + (19 * z5) + (17 * z3) - (15 * z)) / (384 * v * v * v))
            + (((79 * z9) + (776 * z7) + (1482 * z5) - (1920 * z3) - (945 * z)) / (92160 * v * v * v * v));
    }

    private static double Square(double value) => value * value;
}
