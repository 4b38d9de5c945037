namespace Distill.PeerTests.Export;

/// <summary>Compares logits as what they mean.</summary>
internal static class LogProbabilities
{
    /// <summary>The largest difference of log-probabilities at each position.</summary>
    public static double[] Differences(float[][] theirs, float[][] ours)
    {
        if (theirs.Length != ours.Length) throw new ArgumentException("different numbers of positions", nameof(ours));
        return [.. theirs.Zip(ours, (a, b) => Of(a).Zip(Of(b), (x, y) => Math.Abs(x - y)).Max())];
    }

    /// <summary>The largest difference of log-probabilities anywhere.</summary>
    public static double LargestDifference(float[][] theirs, float[][] ours) => Differences(theirs, ours).Max();

    private static double[] Of(float[] logits)
    {
        double largest = logits.Max(), sum = logits.Sum(logit => Math.Exp(logit - largest));
        return [.. logits.Select(logit => logit - largest - Math.Log(sum))];
    }
}
