namespace Distill.Eval;

/// <summary>Compares what two models expect after each token: the quantised one with the one it was made from.</summary>
internal sealed class LogitComparison
{
    private readonly List<double> _divergences = [];
    private double _baseLoss, _loss;
    private int _sameTop;

    /// <summary>Adds a position.</summary>
    /// <param name="reference">Logits of the unquantised model.</param>
    /// <param name="logits">Logits of the quantised model.</param>
    /// <param name="next">The token that follows.</param>
    public void Add(ReadOnlySpan<float> reference, ReadOnlySpan<float> logits, int next)
    {
        (double referenceNorm, int referenceTop) = LogSumExp(reference);
        (double norm, int top) = LogSumExp(logits);
        double divergence = 0;
        for (int i = 0; i < reference.Length; i++)
        {
            double log = reference[i] - referenceNorm;
            divergence += Math.Exp(log) * (log - (logits[i] - norm));
        }
        _divergences.Add(Math.Max(divergence, 0)); // below zero only by rounding
        _baseLoss += referenceNorm - reference[next];
        _loss += norm - logits[next];
        if (top == referenceTop) _sameTop++;
    }

    /// <summary>The figures.</summary>
    /// <param name="name">Name of the text.</param>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public CorpusScore Score(string name)
    {
        int count = _divergences.Count;
        if (count == 0) throw new InvalidOperationException($"{name}: no position was compared");
        double mean = _divergences.Average(), same = (double)_sameTop / count;
        double variance = _divergences.Sum(value => (value - mean) * (value - mean)) / Math.Max(count - 1, 1);
        double[] sorted = [.. _divergences.Order()];
        return new CorpusScore
        {
            Name = name,
            Positions = count,
            Perplexity = Math.Exp(_loss / count),
            ReferencePerplexity = Math.Exp(_baseLoss / count),
            Divergence = mean,
            DivergenceStandardError = Math.Sqrt(variance / count),
            Divergence999 = Percentile(sorted, 0.999),
            DivergenceMax = sorted[^1],
            SameTop = same,
            SameTopStandardError = Math.Sqrt(same * (1 - same) / count),
        };
    }

    // Between neighbours on a straight line.
    private static double Percentile(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }

    private static (double Value, int Top) LogSumExp(ReadOnlySpan<float> logits)
    {
        int top = 0;
        for (int i = 1; i < logits.Length; i++) top = logits[i] > logits[top] ? i : top;
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - (double)logits[top]);
        return (logits[top] + Math.Log(sum), top);
    }
}
