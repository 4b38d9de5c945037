namespace Distill.Eval;

/// <summary>Chance that at least one of k samples is right, estimated from n ≥ k samples.</summary>
public static class PassAtK
{
    /// <summary>
    /// The unbiased estimate for one problem, 1 − C(n − c, k) / C(n, k), as a product that neither overflows nor cancels.
    /// Source: Chen and others, "Evaluating large language models trained on code", arXiv:2107.03374, equation 1.
    /// </summary>
    /// <param name="samples">Samples taken, n.</param>
    /// <param name="correct">Samples that were right, c.</param>
    /// <param name="k">Samples one would take.</param>
    /// <exception cref="ArgumentOutOfRangeException">k is not between 1 and n, or c not between 0 and n.</exception>
    public static double Estimate(int samples, int correct, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, samples);
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, samples);
        if (samples - correct < k) return 1;
        double allWrong = 1;
        for (int i = samples - correct + 1; i <= samples; i++) allWrong *= 1 - ((double)k / i);
        return 1 - allWrong;
    }

    /// <summary>The mean of the estimates over problems.</summary>
    /// <param name="correct">Right samples of each problem.</param>
    /// <param name="samples">Samples of each problem.</param>
    /// <param name="k">Samples one would take.</param>
    public static double Mean(IReadOnlyCollection<int> correct, int samples, int k) => correct.Average(right => Estimate(samples, right, k));
}
