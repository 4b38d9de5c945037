using Distill.Chat;
using Distill.Runs;

namespace Distill.Inference;

/// <summary>
/// Draws the next token of one sequence. The order is that of the common engines: temperature, top-k, top-p, draw.
/// Each sequence has its own random numbers, so what is drawn does not depend on its neighbours in the batch.
/// </summary>
/// <param name="options">How to draw.</param>
public sealed class Sampler(SamplingOptions options)
{
    private readonly RandomStream _random = new(options.Seed);
    private float[] _weights = [];
    private int[] _order = [];

    /// <summary>Draws from one row of logits; the likeliest token when the temperature is 0, the first of equals.</summary>
    public int Draw(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }
        if (options.Temperature <= 0 || options.TopK == 1) return best;

        if (_weights.Length != logits.Length) (_weights, _order) = (new float[logits.Length], new int[logits.Length]);
        double sum = Weigh(logits, logits[best]);
        // Most tokens of a reasoning trace are nearly certain: when the likeliest alone reaches top-p, it is the draw.
        double point = _random.NextDouble();
        if (options.TopP < 1 && _weights[best] >= options.TopP * sum) return best;
        return options is { TopP: >= 1, TopK: 0 } ? DrawFromAll(point * sum) : DrawFromLikeliest(point, sum);
    }

    private double Weigh(ReadOnlySpan<float> logits, float largest)
    {
        float inverse = (float)(1 / options.Temperature);
        double sum = 0;
        for (int i = 0; i < logits.Length; i++) sum += _weights[i] = MathF.Exp((logits[i] - largest) * inverse);
        return sum;
    }

    private int DrawFromAll(double point)
    {
        for (int i = 0; i < _weights.Length; i++)
        {
            point -= _weights[i];
            if (point < 0) return i;
        }
        return _weights.AsSpan().IndexOf(_weights.Max()); // rounding left the point at the very end
    }

    private int DrawFromLikeliest(double point, double sum)
    {
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        Array.Sort(_order, (a, b) => _weights[b] != _weights[a] ? _weights[b].CompareTo(_weights[a]) : a.CompareTo(b));
        int limit = options.TopK > 0 ? Math.Min(options.TopK, _order.Length) : _order.Length;
        double keptByTopK = options.TopK > 0 ? _order.Take(limit).Sum(token => (double)_weights[token]) : sum;
        int kept = 0;
        double mass = 0;
        do mass += _weights[_order[kept++]];
        while (kept < limit && mass < options.TopP * keptByTopK);

        double target = point * mass;
        for (int i = 0; i < kept; i++)
        {
            target -= _weights[_order[i]];
            if (target < 0) return _order[i];
        }
        return _order[0];
    }
}
