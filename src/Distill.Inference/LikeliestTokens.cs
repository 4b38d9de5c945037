namespace Distill.Inference;

/// <summary>The likeliest tokens of a row of logits.</summary>
internal static class LikeliestTokens
{
    /// <summary>Finds them.</summary>
    /// <param name="logits">One row, <c>[vocabulary]</c>.</param>
    /// <param name="tokens">Leading logits that belong to a token; the others are padding, and count in the probabilities only.</param>
    /// <param name="count">How many.</param>
    /// <returns>Tokens and log-probabilities in nats, likeliest first, the lower token first among equals.</returns>
    public static (int Token, double Value)[] Of(ReadOnlySpan<float> logits, int tokens, int count)
    {
        var best = new (int Token, double Value)[Math.Min(count, Math.Min(tokens, logits.Length))];
        int found = 0;
        double largest = double.NegativeInfinity;
        for (int token = 0; token < logits.Length; token++)
        {
            float value = logits[token];
            largest = Math.Max(largest, value);
            if (token >= tokens || (found == best.Length && (found == 0 || value <= best[^1].Value))) continue;
            int place = found < best.Length ? found++ : found - 1;
            for (; place > 0 && best[place - 1].Value < value; place--) best[place] = best[place - 1];
            best[place] = (token, value);
        }
        double sum = 0;
        foreach (float value in logits) sum += Math.Exp(value - largest);
        double normalizer = largest + Math.Log(sum);
        for (int i = 0; i < best.Length; i++) best[i].Value -= normalizer;
        return best;
    }
}
