namespace Distill.Export.Quantization;

/// <summary>
/// The scale that a super-block's sub-scales (or negated minima) share when an imatrix tells how much each counts: levels
/// from 0 to a top, nine candidates by weighted squared error, then up to five sweeps that move single levels.
/// </summary>
internal static class PositiveScaleSearch
{
    private const int Sweeps = 5;

    /// <summary>Finds scale and levels.</summary>
    /// <param name="values">The sub-scales.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="top">Highest level.</param>
    /// <param name="levels">Receives the levels; a level outside a byte wraps, as in ggml.</param>
    /// <returns>The scale.</returns>
    public static float Run(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, int top, Span<byte> levels)
    {
        float maximum = 0;
        foreach (float value in values) maximum = maximum > value ? maximum : value;
        levels.Clear();
        if (maximum < SymmetricSearch<ScalarLane>.Negligible) return 0;
        float inverse = BestInverse(values, weights, top, maximum);

        float products = 0, squares = 0;
        for (int i = 0; i < values.Length; i++)
        {
            int level = Math.Min(top, Rounding.Nearest(inverse * values[i]));
            levels[i] = (byte)level;
            products += weights[i] * values[i] * level;
            squares += weights[i] * level * level;
        }
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            if (!Sweep(values, weights, top, levels, ref products, ref squares)) break;
        }
        return squares > 0 ? products / squares : 0;
    }

    private static float BestInverse(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, int top, float maximum)
    {
        float best = top / maximum, leastError = 0, scale = 1 / best;
        for (int i = 0; i < values.Length; i++)
        {
            // A byte, like the levels; only the candidates below are limited by the top.
            float difference = values[i] - (scale * (byte)Rounding.Nearest(best * values[i]));
            leastError += weights[i] * difference * difference;
        }
        for (int step = -4; step <= 4; step++)
        {
            if (step == 0) continue;
            float inverse = ((0.1f * step) + top) / maximum, candidate = 1 / inverse, error = 0;
            for (int i = 0; i < values.Length; i++)
            {
                float difference = values[i] - (candidate * Math.Min(top, Rounding.Nearest(inverse * values[i])));
                error += weights[i] * difference * difference;
            }
            if (error < leastError) (leastError, best) = (error, inverse);
        }
        return best;
    }

    private static bool Sweep(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, int top, Span<byte> levels, ref float products, ref float squares)
    {
        bool changed = false;
        for (int i = 0; i < values.Length; i++)
        {
            float weight = weights[i];
            float newProducts = products - (weight * values[i] * levels[i]), newSquares = squares - (weight * levels[i] * levels[i]);
            if (!(newProducts > 0 && newSquares > 0)) continue;
            int moved = Math.Min(top, Rounding.Nearest(values[i] * newSquares / newProducts));
            if (moved == levels[i]) continue;
            newProducts += weight * values[i] * moved;
            newSquares += weight * moved * moved;
            if (!(newProducts * newProducts * squares > products * products * newSquares)) continue;
            levels[i] = (byte)moved;
            (products, squares, changed) = (newProducts, newSquares, true);
        }
        return changed;
    }
}
