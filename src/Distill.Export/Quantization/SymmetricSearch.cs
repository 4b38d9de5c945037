namespace Distill.Export.Quantization;

/// <summary>
/// Scale of a block whose levels run from <c>-limit</c> to <c>limit - 1</c>: x ≈ scale · level. Each call works on one
/// vector's worth of a tile's columns and leaves levels (not shifted; 0 for an empty block's <i>shifted</i> level) and scale.
/// </summary>
internal static unsafe class SymmetricSearch<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Blocks without a magnitude above this are stored as zeros.</summary>
    public const float Negligible = 1e-15f;

    private const int Sweeps = 5;

    /// <summary>
    /// Tries nineteen scales around the one that maps the extreme value to <c>-limit</c> and keeps the one whose weighted
    /// least-squares fit explains most.
    /// </summary>
    public static void Candidates(in Tile tile, int column, int limit)
    {
        TLanes zero = TLanes.Of(0), extreme = Extreme(tile, column, out TLanes largest);
        TLanes bestInverse = TLanes.Of(-limit) / extreme;
        Fit(tile, column, bestInverse, limit, out TLanes products, out TLanes squares);
        TLanes isZero = TLanes.Equal(squares, zero);
        TLanes scale = TLanes.Select(isZero, zero, products / squares), best = scale * products;
        for (int step = -9; step <= 9; step++)
        {
            if (step == 0) continue;
            TLanes inverse = TLanes.Of(-(limit + (0.1f * step))) / extreme;
            Fit(tile, column, inverse, limit, out products, out squares);
            TLanes better = (squares > zero) & ((products * products) > (best * squares));
            TLanes fitted = products / squares;
            scale = TLanes.Select(better, fitted, scale);
            best = TLanes.Select(better, fitted * products, best);
            bestInverse = TLanes.Select(better, inverse, bestInverse);
        }
        TLanes empty = largest < TLanes.Of(Negligible), emptyLevel = TLanes.Of(-limit);
        TLanes.Select(empty, zero, scale).Store(tile.Scales + column);
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            TLanes.Select(empty, emptyLevel, TLanes.Round(bestInverse * TLanes.Load(tile.Values + i), -limit, limit - 1)).Store(tile.Levels + i);
    }

    /// <summary>One scale as above, then up to five sweeps that move single levels as long as the fit explains more.</summary>
    public static void Descent(in Tile tile, int column, int limit)
    {
        TLanes zero = TLanes.Of(0), extreme = Extreme(tile, column, out TLanes largest);
        TLanes inverse = TLanes.Of(-limit) / extreme, products = zero, squares = zero;
        int end = tile.Height * Tile.Columns;
        for (int i = column; i < end; i += Tile.Columns)
        {
            TLanes level = TLanes.Round(inverse * TLanes.Load(tile.Values + i), -limit, limit - 1);
            level.Store(tile.Levels + i);
            products += TLanes.Load(tile.Products + i) * level;
            squares += TLanes.Load(tile.Weights + i) * level * level;
        }
        TLanes empty = largest < TLanes.Of(Negligible);
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            TLanes changed = Sweep(tile, column, limit, ref products, ref squares);
            if (!TLanes.Any(TLanes.Select(empty, zero, changed))) break;
        }
        TLanes usable = TLanes.Select(empty, zero, squares > zero), emptyLevel = TLanes.Of(-limit);
        TLanes.Select(usable, products / squares, zero).Store(tile.Scales + column);
        for (int i = column; i < end; i += Tile.Columns)
            TLanes.Select(empty, emptyLevel, TLanes.Load(tile.Levels + i)).Store(tile.Levels + i);
    }

    // Moves each level to the best one for the others' scale, if that explains more. Most levels are the best already; where that is
    // plain in all lanes, without the division, nothing else is computed.
    private static TLanes Sweep(in Tile tile, int column, int limit, ref TLanes productSum, ref TLanes squareSum)
    {
        float* values = tile.Values, weights = tile.Weights, weightedValues = tile.Products, levels = tile.Levels;
        TLanes products = productSum, squares = squareSum, zero = TLanes.Of(0), changed = zero;
        TLanes lowest = TLanes.Of(-limit - 0.25f), highest = TLanes.Of(limit - 0.75f), nearly = TLanes.Of(0.499f), meaningful = TLanes.Of(1 << 20);
        int end = tile.Height * Tile.Columns;
        for (int i = column; i < end; i += Tile.Columns)
        {
            TLanes weight = TLanes.Load(weights + i), weighted = TLanes.Load(weightedValues + i), level = TLanes.Load(levels + i);
            TLanes otherProducts = products - (weighted * level), otherSquares = squares - (weight * level * level);
            TLanes target = TLanes.Load(values + i) * otherSquares;

            TLanes inRange = TLanes.Min(TLanes.Max(target, lowest * otherProducts), highest * otherProducts);
            TLanes stays = (TLanes.Abs(inRange - (level * otherProducts)) < nearly * otherProducts) & (TLanes.Abs(target) < meaningful * otherProducts);
            TLanes candidate = TLanes.Select(stays, zero, otherProducts > zero);
            if (!TLanes.Any(candidate)) continue;

            TLanes moved = TLanes.Round(target / otherProducts, -limit, limit - 1);
            TLanes newProducts = otherProducts + (weighted * moved), newSquares = otherSquares + (weight * moved * moved);
            TLanes better = candidate & (newSquares > zero) & ((newProducts * newProducts * squares) > (products * products * newSquares));
            better = TLanes.Select(TLanes.Equal(moved, level), zero, better);
            TLanes.Select(better, moved, level).Store(levels + i);
            products = TLanes.Select(better, newProducts, products);
            squares = TLanes.Select(better, newSquares, squares);
            changed = TLanes.Select(better, better, changed);
        }
        (productSum, squareSum) = (products, squares);
        return changed;
    }

    /// <summary>The value of largest magnitude in each block, the first of equals.</summary>
    public static TLanes Extreme(in Tile tile, int column, out TLanes largest)
    {
        TLanes extreme = TLanes.Of(0);
        largest = extreme;
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes value = TLanes.Load(tile.Values + i), magnitude = TLanes.Abs(value), larger = magnitude > largest;
            largest = TLanes.Select(larger, magnitude, largest);
            extreme = TLanes.Select(larger, value, extreme);
        }
        return extreme;
    }

    // Sums of weight · value · level and weight · level²: their quotient is the best scale for these levels.
    private static void Fit(in Tile tile, int column, TLanes inverse, int limit, out TLanes products, out TLanes squares)
    {
        TLanes productSum = TLanes.Of(0), squareSum = productSum;
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes level = TLanes.Round(inverse * TLanes.Load(tile.Values + i), -limit, limit - 1);
            productSum += TLanes.Load(tile.Products + i) * level;
            squareSum += TLanes.Load(tile.Weights + i) * level * level;
        }
        (products, squares) = (productSum, squareSum);
    }
}
