namespace Distill.Models;

/// <summary>How the rotary frequencies of a model are stretched to a context longer than the one it was first trained on.</summary>
public abstract record RopeScaling
{
    /// <summary>Length that each turned pair is multiplied by.</summary>
    public virtual double Magnitude => 1;

    /// <summary>What the attention scores are multiplied by besides (DeepSeek's YaRN).</summary>
    public virtual double ScoreFactor => 1;

    /// <summary>The frequencies <c>theta^(-2i / width)</c> of a model without scaling. Source: RoFormer, arXiv:2104.09864.</summary>
    public static double[] Unscaled(double theta, int width) =>
        [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(theta, -2.0 * i / width))];

    /// <summary>What each frequency is divided by.</summary>
    /// <param name="frequencies">The unscaled frequencies, highest first.</param>
    /// <param name="theta">Their base.</param>
    public abstract double[] Divisors(double[] frequencies, double theta);
}

/// <summary>All frequencies divided by one factor. Source: Chen and others, arXiv:2306.15595.</summary>
/// <param name="Factor">New context length over the old one.</param>
public sealed record LinearRopeScaling(double Factor) : RopeScaling
{
    /// <inheritdoc/>
    public override double[] Divisors(double[] frequencies, double theta) => [.. frequencies.Select(_ => Factor)];
}

/// <summary>
/// Llama 3.1's scaling: wavelengths short against the old context stay, long ones are divided, those between are blended.
/// Source: Meta's reference code, as config.json calls it <c>llama3</c>.
/// </summary>
/// <param name="Factor">What long wavelengths are divided by.</param>
/// <param name="LowFreqFactor">A wavelength above the old context over this is long.</param>
/// <param name="HighFreqFactor">A wavelength below the old context over this is short.</param>
/// <param name="OriginalMaxPositionEmbeddings">The old context length.</param>
public sealed record Llama3RopeScaling(double Factor, double LowFreqFactor, double HighFreqFactor, int OriginalMaxPositionEmbeddings) : RopeScaling
{
    /// <inheritdoc/>
    public override double[] Divisors(double[] frequencies, double theta) => [.. frequencies.Select(Divisor)];

    private double Divisor(double frequency)
    {
        double turns = OriginalMaxPositionEmbeddings * frequency / (2 * Math.PI); // in the old context
        if (turns > HighFreqFactor) return 1;
        if (turns < LowFreqFactor) return Factor;
        double smooth = (turns - LowFreqFactor) / (HighFreqFactor - LowFreqFactor);
        return 1 / (((1 - smooth) / Factor) + smooth);
    }
}

/// <summary>A divisor for each frequency, as a GGUF file holds the result of <see cref="Llama3RopeScaling"/> (<c>rope_freqs.weight</c>).</summary>
/// <param name="Factors">One divisor per pair of components.</param>
public sealed record GivenRopeScaling(IReadOnlyList<float> Factors) : RopeScaling
{
    /// <inheritdoc/>
    public override double[] Divisors(double[] frequencies, double theta) => [.. Factors.Select(factor => (double)factor)];
}
