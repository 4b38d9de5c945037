using System.Numerics.Tensors;
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

    // Four sums side by side: adding up 150,000 numbers one after the other takes longer than computing them.
    private double Weigh(ReadOnlySpan<float> logits, float largest)
    {
        TensorPrimitives.Subtract(logits, largest, _weights);
        TensorPrimitives.Multiply(_weights, (float)(1 / options.Temperature), _weights);
        TensorPrimitives.Exp(_weights, _weights);
        double first = 0, second = 0, third = 0, fourth = 0;
        int i = 0;
        for (; i + 4 <= _weights.Length; i += 4)
        {
            first += _weights[i];
            second += _weights[i + 1];
            third += _weights[i + 2];
            fourth += _weights[i + 3];
        }
        for (; i < _weights.Length; i++) first += _weights[i];
        return first + second + third + fourth;
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
        int limit = options.TopK > 0 ? Math.Min(options.TopK, _order.Length) : _order.Length;
        Span<int> likeliest = Likeliest(limit, sum);
        likeliest.Sort((a, b) => _weights[b] != _weights[a] ? _weights[b].CompareTo(_weights[a]) : a.CompareTo(b));
        double keptByTopK = sum;
        if (options.TopK > 0)
        {
            keptByTopK = 0;
            foreach (int token in likeliest[..limit]) keptByTopK += _weights[token];
        }
        int kept = 0;
        double mass = 0;
        do mass += _weights[likeliest[kept++]];
        while (kept < limit && mass < options.TopP * keptByTopK);

        double target = point * mass;
        for (int i = 0; i < kept; i++)
        {
            target -= _weights[likeliest[i]];
            if (target < 0) return likeliest[i];
        }
        return likeliest[0];
    }

    // Sorting the whole vocabulary would take longer than the model does: only tokens are sorted that can be among those kept.
    private Span<int> Likeliest(int limit, double sum)
    {
        double needed = options.TopP * sum * (1 + 1e-9); // in another order the sum may round to a little less
        for (float floor = 1f / 64; ; floor = floor > 1e-12f ? floor / 64 : 0)
        {
            int count = 0;
            double mass = 0;
            for (int i = 0; i < _weights.Length; i++)
            {
                if (_weights[i] < floor) continue;
                _order[count++] = i;
                mass += _weights[i];
            }
            if (floor == 0 || count >= limit || (options.TopK == 0 && mass >= needed)) return _order.AsSpan(0, count);
        }
    }
}
