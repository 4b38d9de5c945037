using System.Runtime.CompilerServices;

namespace Distill.Export.Quantization;

/// <summary>A group's levels are no point of the lattice: which of the points around them comes nearest to the weights themselves?</summary>
internal static unsafe class NearestPoint<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Entries of a table that a level looks up; more than it has values, so that bits of the next level do no harm.</summary>
    public const int TableSize = 16;

    /// <summary>
    /// Finds the neighbour with the smallest sum of weight · (step · number - value)², the first of equals. Lanes are neighbours; the
    /// error of one is a sum of one table entry per value, in the order of the values.
    /// </summary>
    /// <param name="lattice">The lattice.</param>
    /// <param name="list">The levels' place in it.</param>
    /// <param name="values">Four or eight values.</param>
    /// <param name="weights">How much each counts.</param>
    /// <param name="step">The scale.</param>
    /// <param name="numbers">What each level stands for, a table.</param>
    /// <param name="table">Memory for a table per value.</param>
    /// <param name="found">Becomes false if the errors are too large to be compared.</param>
    /// <returns>The point.</returns>
    public static int Find(Lattice lattice, int list, float* values, float* weights, float step, float* numbers, float* table, ref bool found)
    {
        ushort* neighbours = lattice.Neighbours(list, out int count);
        for (int level = 0; level < 8; level += TLanes.Width)
        {
            TLanes scaled = TLanes.Of(step) * TLanes.Load(numbers + level);
            for (int i = 0; i < lattice.Dimensions; i++)
            {
                TLanes difference = scaled - TLanes.Of(values[i]);
                (TLanes.Of(weights[i]) * difference * difference).Store(table + (i * TableSize) + level);
            }
        }
        TLanes best = TLanes.Of(float.MaxValue), nowhere = TLanes.Of(float.PositiveInfinity), at = nowhere, end = TLanes.Of(count);
        for (int i = 0; i < count; i += TLanes.Width)
        {
            TLanes error = lattice.Dimensions == 4 ? ErrorOfFour(table, neighbours + i) : ErrorOfEight(table, neighbours + i);
            TLanes place = TLanes.Of(i) + TLanes.Indices, better = (error < best) & (place < end);
            best = TLanes.Select(better, error, best);
            at = TLanes.Select(better, place, at);
        }
        float first = TLanes.Least(TLanes.Select(TLanes.Equal(best, TLanes.Of(TLanes.Least(best))), at, nowhere));
        if (first < count) return neighbours[(int)first];
        found = false;
        return neighbours[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes ErrorOfFour(float* table, ushort* points) => TLanes.Lookup(table, points, 0) + TLanes.Lookup(table + TableSize, points, 3)
        + TLanes.Lookup(table + (2 * TableSize), points, 6) + TLanes.Lookup(table + (3 * TableSize), points, 9);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes ErrorOfEight(float* table, ushort* points) => TLanes.Lookup(table, points, 0) + TLanes.Lookup(table + TableSize, points, 2)
        + TLanes.Lookup(table + (2 * TableSize), points, 4) + TLanes.Lookup(table + (3 * TableSize), points, 6)
        + TLanes.Lookup(table + (4 * TableSize), points, 8) + TLanes.Lookup(table + (5 * TableSize), points, 10)
        + TLanes.Lookup(table + (6 * TableSize), points, 12) + TLanes.Lookup(table + (7 * TableSize), points, 14);
}
