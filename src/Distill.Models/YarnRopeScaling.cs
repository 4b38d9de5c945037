namespace Distill.Models;

/// <summary>
/// YaRN: pairs that turn often in the old context keep their frequency, those that hardly turn are slowed down by the factor, those
/// between are blended; and attention is sharpened. Source: Peng and others, arXiv:2309.00071, with the two further settings of
/// DeepSeek-V2's code.
/// </summary>
public sealed record YarnRopeScaling : RopeScaling
{
    /// <summary>New context length over the old one.</summary>
    public required double Factor { get; init; }

    /// <summary>The old context length.</summary>
    public required int OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>A pair that turns more often than this in the old context keeps its frequency.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>A pair that turns less often than this in the old context is slowed down by the whole factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>Length of the turned pairs when given outright, or null for the paper's formula.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>DeepSeek: weight of the sharpening on the rotated part of a head, or null.</summary>
    public double? Mscale { get; init; }

    /// <summary>DeepSeek: weight of the sharpening on a whole head, or null.</summary>
    public double? MscaleAllDim { get; init; }

    /// <summary>Length of the turned pairs by the paper's formula, <c>0.1 ln(factor) + 1</c>.</summary>
    public double DefaultMagnitude => Sharpening(1);

    /// <inheritdoc/>
    public override double Magnitude => AttentionFactor
        ?? (Mscale is { } part and not 0 && MscaleAllDim is { } whole and not 0 ? Sharpening(part) / Sharpening(whole) : DefaultMagnitude);

    /// <inheritdoc/>
    public override double ScoreFactor => MscaleAllDim is { } whole and not 0 ? Sharpening(whole) * Sharpening(whole) : 1;

    /// <inheritdoc/>
    public override double[] Divisors(double[] frequencies, double theta)
    {
        int width = frequencies.Length * 2;
        double first = Math.Max(Math.Floor(PairTurning(BetaFast, width, theta)), 0);
        double last = Math.Min(Math.Ceiling(PairTurning(BetaSlow, width, theta)), width - 1);
        if (first == last) last += 0.001;
        return [.. frequencies.Select((_, pair) =>
        {
            double slowed = Math.Clamp((pair - first) / (last - first), 0, 1);
            return 1 / ((slowed / Factor) + 1 - slowed);
        })];
    }

    // The pair, as a real number, that turns so often in the old context.
    private double PairTurning(double turns, int width, double theta) =>
        width * Math.Log(OriginalMaxPositionEmbeddings / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));

    private double Sharpening(double weight) => Factor <= 1 ? 1 : (0.1 * weight * Math.Log(Factor)) + 1;
}
