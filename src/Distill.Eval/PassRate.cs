using Distill.Runs;

namespace Distill.Eval;

/// <summary>
/// pass@1 with its uncertainty. Samples of one problem are not independent, so the problem is the unit: the interval is
/// Wilson's for the number of independent answers that would be as uncertain as these (the effective sample size).
/// </summary>
/// <remarks>
/// With one sample of each problem this is Wilson's interval itself (E. B. Wilson, JASA 22, 1927; recommended by Brown, Cai and
/// DasGupta, Statistical Science 16, 2001). With more, the effective size is problems · p(1 − p) / s², where s² is the variance of the
/// problems' rates: Kish's design effect, as Korn and Graubard (Survey Methodology 24, 1998) and Dean and Pagano (Journal of
/// Survey Statistics and Methodology 3, 2015) use it. Unlike the normal interval on the problems' means it never leaves
/// [0, 1] and does not shrink to a point when every sample is right.
/// </remarks>
/// <param name="Value">Mean over problems of the share of right samples, 0 to 1.</param>
/// <param name="Low">Lower end of the 95 % interval over problems like these.</param>
/// <param name="High">Upper end.</param>
/// <param name="StandardError">Standard error over problems; null with a single problem.</param>
/// <param name="SamplingStandardError">
/// Standard error from sampling alone, were the same problems asked again; null with one sample of each problem.
/// </param>
public sealed record PassRate(double Value, double Low, double High, double? StandardError, double? SamplingStandardError)
{
    /// <summary>Computes the rate.</summary>
    /// <param name="correct">Right samples of each problem.</param>
    /// <param name="samples">Samples of each problem.</param>
    /// <exception cref="ArgumentException">There are no problems.</exception>
    public static PassRate Of(IReadOnlyCollection<int> correct, int samples)
    {
        if (correct.Count == 0) throw new ArgumentException("there are no problems", nameof(correct));
        double[] rates = [.. correct.Select(right => (double)right / samples)];
        int problems = rates.Length;
        double mean = rates.Average();
        double variance = rates.Sum(rate => (rate - mean) * (rate - mean)) / problems;
        double bernoulli = mean * (1 - mean);
        double designEffect = bernoulli == 0 ? 1 : Math.Clamp(variance / bernoulli, 1.0 / samples, 1);
        (double low, double high) = Estimate.Wilson(mean, problems / designEffect);
        double? standardError = problems == 1 ? null : Math.Sqrt(variance / (problems - 1));
        double? sampling = samples == 1 ? null : Math.Sqrt(rates.Sum(rate => rate * (1 - rate)) / (samples - 1)) / problems;
        return new PassRate(mean, low, high, standardError, sampling);
    }
}
