using System.Numerics;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>
/// Scale, sides and points of a sub-block of IQ1. Its values in ascending order are divided in three: -1, 0 and 1. Every division is
/// tried with the three levels moved up or down; the one whose weighted least-squares fit explains most stays. Then each group
/// of eight moves to the nearest point.
/// </summary>
internal static unsafe class TernarySearch<TLanes> where TLanes : struct, ILanes<TLanes>
{
    private const float Negligible = 1e-12f; // IQ1_S
    private const float MixedNegligible = 1e-7f; // IQ1_M

    // What the levels stand for, moved up and moved down, as tables of NearestPoint.
    private static ReadOnlySpan<float> Up => [-0.875f, 0.125f, 1.125f, 0, -0.875f, 0.125f, 1.125f, 0, -0.875f, 0.125f, 1.125f, 0, -0.875f, 0.125f, 1.125f, 0];

    private static ReadOnlySpan<float> Down => [-1.125f, -0.125f, 0.875f, 0, -1.125f, -0.125f, 0.875f, 0, -1.125f, -0.125f, 0.875f, 0, -1.125f, -0.125f, 0.875f, 0];

    /// <summary>The numbers of a side.</summary>
    public static ReadOnlySpan<float> Numbers(int side) => side == 0 ? Up : Down;

    /// <summary>Searches.</summary>
    /// <param name="values">A sub-block.</param>
    /// <param name="weights">How much each value counts.</param>
    /// <param name="length">32, or 16 when <paramref name="mixed"/>.</param>
    /// <param name="mixed">IQ1_M: each group has its own side.</param>
    /// <param name="numbers">Receives the number of each group's point.</param>
    /// <param name="sides">Receives the side of each group: 0 up, 1 down.</param>
    /// <param name="found">Becomes false if the numbers are too large to be compared.</param>
    /// <returns>The scale; 0 when nothing is worth storing.</returns>
    public static float Run(float* values, float* weights, int length, bool mixed, int* numbers, int* sides, ref bool found)
    {
        float largest = 0;
        for (int i = 0; i < length; i++) largest = largest > MathF.Abs(values[i]) ? largest : MathF.Abs(values[i]);
        if (largest < (mixed ? MixedNegligible : Negligible)) return 0;

        int* order = stackalloc int[32];
        Sort(values, length, order);
        TernarySplit split = mixed ? TernarySplit.WithOwnSides<TLanes>(values, weights, order) : TernarySplit.WithOneSide<TLanes>(values, weights, order);
        if (split.Second < 0) return 0;
        int* levels = stackalloc int[32];
        bool negative = split.Scale < 0;
        for (int i = 0; i < length; i++)
        {
            int level = i < split.First ? 0 : i < split.Second ? 1 : 2;
            levels[order[i]] = negative ? 2 - level : level;
        }
        for (int octet = 0; octet < length / 8; octet++) sides[octet] = (split.Sides >> octet & 1) ^ (negative ? 1 : 0);
        return MoveToPoints(values, weights, length, levels, sides, MathF.Abs(split.Scale), numbers, ref found);
    }

    /// <summary>Adds a group to the sums of weight · value · number and weight · number².</summary>
    public static void AddFit(int number, int side, int subScale, float* values, float* weights, ref float products, ref float squares)
    {
        int point = GgufLattice.Points(GgufTensorType.IQ1_S)[number];
        ReadOnlySpan<float> numbers = Numbers(side);
        for (int i = 0; i < 8; i++)
        {
            float level = numbers[(point >> (2 * i)) & 3] * subScale;
            products += weights[i] * level * values[i];
            squares += weights[i] * level * level;
        }
    }

    private static float MoveToPoints(float* values, float* weights, int length, int* levels, int* sides, float scale, int* numbers, ref bool found)
    {
        Lattice lattice = Lattice.Of(GgufTensorType.IQ1_S);
        float* table = stackalloc float[8 * NearestPoint<TLanes>.TableSize];
        bool moved = false;
        float products = 0, squares = 0;
        for (int octet = 0; octet < length / 8; octet++)
        {
            int point = 0;
            for (int i = 0; i < 8; i++) point |= levels[(8 * octet) + i] << (2 * i);
            int number = lattice.NumberOf(point);
            if (number < 0)
            {
                moved = true;
                fixed (float* side = Numbers(sides[octet]))
                    number = lattice.NumberOf(NearestPoint<TLanes>.Find(lattice, number, values + (8 * octet), weights + (8 * octet), scale, side, table, ref found));
            }
            numbers[octet] = number;
            AddFit(number, sides[octet], 1, values + (8 * octet), weights + (8 * octet), ref products, ref squares);
        }
        return moved && products > 0 && squares > 0 ? products / squares : scale;
    }

    // By value, equals in their order: as merge sort leaves them, which ggml's C library uses. A place is the number of values that come before.
    private static void Sort(float* values, int length, int* order)
    {
        for (int i = 0; i < length; i++)
        {
            TLanes value = TLanes.Of(values[i]);
            uint before = 0, equals = 0;
            for (int j = 0; j < length; j += TLanes.Width)
            {
                TLanes others = TLanes.Load(values + j);
                before |= TLanes.Bits(others < value) << j;
                equals |= TLanes.Bits(TLanes.Equal(others, value)) << j;
            }
            order[BitOperations.PopCount(before) + BitOperations.PopCount(equals & ((1u << i) - 1))] = i;
        }
    }
}
