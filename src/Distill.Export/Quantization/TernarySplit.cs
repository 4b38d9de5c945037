using System.Numerics;

namespace Distill.Export.Quantization;

/// <summary>How the ascending values of a sub-block are divided into -1, 0 and 1.</summary>
/// <param name="First">Values of -1.</param>
/// <param name="Second">Values of -1 and 0; negative if no division explains anything.</param>
/// <param name="Scale">The scale fitted to them.</param>
/// <param name="Sides">A bit per group of eight: whether its numbers are moved down.</param>
internal readonly unsafe record struct TernarySplit(int First, int Second, float Scale, int Sides)
{
    private const float Shift = 0.125f;

    /// <summary>The best division of 32 values that are all moved to the same side. Lanes are ends of the second part.</summary>
    /// <param name="values">The values.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="order">Their indices, ascending by value.</param>
    public static TernarySplit WithOneSide<TLanes>(float* values, float* weights, int* order) where TLanes : struct, ILanes<TLanes>
    {
        const int length = 32, padded = length + 1 + 16;
        float* valueSums = stackalloc float[padded], weightSums = stackalloc float[padded];
        valueSums[0] = weightSums[0] = 0;
        for (int i = 0; i < padded - 1; i++)
        {
            // Beyond the end nothing is added: those divisions are the last one again, and no better.
            valueSums[i + 1] = i < length ? valueSums[i] + (weights[order[i]] * values[order[i]]) : valueSums[i];
            weightSums[i + 1] = i < length ? weightSums[i] + weights[order[i]] : weightSums[i];
        }
        // Of each side: products, then squares.
        float* sums = stackalloc float[4 * 16];
        uint* passing = stackalloc uint[2];
        var best = new TernarySplit(-1, -1, 0, 0);
        float score = -float.MaxValue;
        for (int first = 0; first <= length; first++)
        {
            for (int second = first; second <= length; second += TLanes.Width)
            {
                TLanes upProducts = Sum<TLanes>(valueSums, first, second, -1 + Shift, Shift, 1 + Shift, squared: false), upSquares = Sum<TLanes>(weightSums, first, second, -1 + Shift, Shift, 1 + Shift, squared: true);
                TLanes downProducts = Sum<TLanes>(valueSums, first, second, -1 - Shift, -Shift, 1 - Shift, squared: false), downSquares = Sum<TLanes>(weightSums, first, second, -1 - Shift, -Shift, 1 - Shift, squared: true);
                TLanes limit = TLanes.Of(score);
                passing[0] = TLanes.Bits((upProducts * upProducts) > (limit * upSquares));
                passing[1] = TLanes.Bits((downProducts * downProducts) > (limit * downSquares));
                if ((passing[0] | passing[1]) == 0) continue;
                upProducts.Store(sums);
                upSquares.Store(sums + 16);
                downProducts.Store(sums + 32);
                downSquares.Store(sums + 48);
                Improve(sums, sums + 16, passing, 2, first, second, Math.Min(TLanes.Width, length - second + 1), ref best, ref score);
            }
        }
        return best;
    }

    /// <summary>
    /// The best division of 16 values whose two groups of eight are moved to one side each. The sums are taken apart so that little depends
    /// on the second border: with levels a step apart, Σ weight · number · value is the whole sum times the highest number less the sums
    /// up to both borders, and Σ weight · number² likewise.
    /// </summary>
    /// <param name="values">The values.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="order">Their indices, ascending by value.</param>
    public static TernarySplit WithOwnSides<TLanes>(float* values, float* weights, int* order) where TLanes : struct, ILanes<TLanes>
    {
        const int length = 16, padded = length + 1 + 16;
        float* valueSums = stackalloc float[2 * padded], weightSums = stackalloc float[2 * padded];
        valueSums[0] = valueSums[padded] = weightSums[0] = weightSums[padded] = 0;
        for (int i = 0; i < padded - 1; i++)
        {
            for (int group = 0; group < 2; group++)
            {
                int at = (group * padded) + i;
                bool adds = i < length && order[i] / 8 == group;
                valueSums[at + 1] = adds ? (weights[order[i]] * values[order[i]]) + valueSums[at] : valueSums[at];
                weightSums[at + 1] = adds ? weights[order[i]] + weightSums[at] : weightSums[at];
            }
        }
        // Of each group and side: products, then squares.
        float* ofGroups = stackalloc float[8 * 16], sums = stackalloc float[8 * 16];
        uint* passing = stackalloc uint[4];
        var best = new TernarySplit(-1, -1, 0, 0);
        float score = -float.MaxValue;
        for (int first = 0; first <= length; first++)
        {
            for (int second = first; second <= length; second += TLanes.Width)
            {
                for (int group = 0; group < 2; group++)
                {
                    float* valueSum = valueSums + (group * padded), weightSum = weightSums + (group * padded);
                    TLanes borders = TLanes.Load(valueSum + second) + TLanes.Of(valueSum[first]), weight = TLanes.Load(weightSum + second);
                    for (int side = 0; side < 2; side++)
                    {
                        float shift = side == 0 ? Shift : -Shift, low = shift - 1, high = shift + 1;
                        float start = (((low * low) - (shift * shift)) * weightSum[first]) + (weightSum[length] * high * high);
                        float* sum = ofGroups + (((2 * group) + side) * 32);
                        (TLanes.Of(valueSum[length] * high) - borders).Store(sum);
                        ((TLanes.Of((shift * shift) - (high * high)) * weight) + TLanes.Of(start)).Store(sum + 16);
                    }
                }
                if (AddGroups<TLanes>(ofGroups, sums, passing, score)) Improve(sums, sums + 16, passing, 4, first, second, Math.Min(TLanes.Width, length - second + 1), ref best, ref score);
            }
        }
        return best;
    }

    // Both up, the second down, the first down, both down: sums of both groups, and which divisions may be better.
    private static bool AddGroups<TLanes>(float* ofGroups, float* sums, uint* passing, float score) where TLanes : struct, ILanes<TLanes>
    {
        uint any = 0;
        TLanes limit = TLanes.Of(score);
        for (int sides = 0; sides < 4; sides++)
        {
            float* ofFirst = ofGroups + ((sides >> 1) * 32), ofSecond = ofGroups + ((2 + (sides & 1)) * 32);
            TLanes products = TLanes.Load(ofFirst) + TLanes.Load(ofSecond), squares = TLanes.Load(ofFirst + 16) + TLanes.Load(ofSecond + 16);
            products.Store(sums + (32 * sides));
            squares.Store(sums + (32 * sides) + 16);
            any |= passing[sides] = TLanes.Bits((products * products) > (limit * squares));
        }
        return any != 0;
    }

    private static TLanes Sum<TLanes>(float* sums, int first, int second, float low, float middle, float high, bool squared) where TLanes : struct, ILanes<TLanes>
    {
        TLanes at = TLanes.Load(sums + second), start = TLanes.Of(sums[first]);
        TLanes lower = TLanes.Of((sums[first] - sums[0]) * low), between = (at - start) * TLanes.Of(middle), upper = (TLanes.Of(sums[32]) - at) * TLanes.Of(high);
        return squared ? (lower * TLanes.Of(low)) + (between * TLanes.Of(middle)) + (upper * TLanes.Of(high)) : lower + between + upper;
    }

    // One division after the other, as if no lanes had been looked at together; those that were no better than the score before need no second look.
    private static void Improve(float* products, float* squares, uint* passing, int kinds, int first, int second, int lanes, ref TernarySplit best, ref float score)
    {
        float before = score;
        uint left = 0;
        for (int kind = 0; kind < kinds; kind++) left |= passing[kind];
        for (int lane = BitOperations.TrailingZeroCount(left); lane < lanes; lane = BitOperations.TrailingZeroCount(left))
        {
            for (int kind = 0; kind < kinds; kind++)
            {
                float product = products[(32 * kind) + lane], square = squares[(32 * kind) + lane];
                if ((passing[kind] >> lane & 1) == 0 || !(square > 0 && product * product > score * square)) continue;
                float scale = product / square;
                score = scale * product;
                best = new TernarySplit(first, second + lane, scale, SidesOf(kind, kinds));
                if (score >= before) continue;
                for (int other = 0; other < kinds; other++) passing[other] = uint.MaxValue; // rounded below it: all that follow count again
                left = uint.MaxValue;
            }
            left &= ~((2u << lane) - 1);
        }
    }

    // Two kinds: all groups up, all down. Four: the higher bit is the first group's side, the lower the second's.
    private static int SidesOf(int kind, int kinds) => kinds == 2 ? kind * 15 : (kind >> 1) | ((kind & 1) << 1);
}
