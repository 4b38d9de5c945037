namespace Distill.Export.Quantization;

/// <summary>Parameters of <see cref="AffineSearch{TLanes}"/>, which each type chooses.</summary>
/// <param name="Top">The highest level; the lowest is 0.</param>
/// <param name="First">Offset of the first candidate, in levels.</param>
/// <param name="Step">Distance of neighbouring candidates, in levels.</param>
/// <param name="Steps">The number of candidates is one more.</param>
/// <param name="AbsoluteError">Minimise the sum of magnitudes instead of squares.</param>
internal readonly record struct AffineSearchSettings(int Top, float First, float Step, int Steps, bool AbsoluteError = false);

/// <summary>
/// Scale and minimum of a block: x ≈ scale · level + minimum, with a minimum of at most 0. Each candidate fixes the levels by
/// another stretch of the block's range, fits scale and minimum to them by weighted least squares, and stays if the
/// weighted error is smaller. Like the original, a better minimum moves the candidates that follow.
/// </summary>
internal static unsafe class AffineSearch<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Works on one vector's worth of a tile's columns and leaves levels, scale and negated minimum.</summary>
    public static void Run(in Tile tile, int column, AffineSearchSettings settings)
    {
        TLanes zero = TLanes.Of(0), top = TLanes.Of(settings.Top);
        Range(tile, column, out TLanes minimum, out TLanes maximum, out TLanes weightSum, out TLanes valueSum);
        minimum = TLanes.Select(minimum > zero, zero, minimum);
        TLanes spread = maximum > minimum, constantMinimum = minimum;

        TLanes levelInverse = top / (maximum - minimum), levelMinimum = minimum;
        TLanes scale = TLanes.Of(1) / levelInverse;
        Levels(tile, column, levelInverse, levelMinimum, settings.Top, tile.Trial);
        TLanes bestError = Error(tile, column, scale, minimum, settings.AbsoluteError);
        for (int step = 0; step <= settings.Steps; step++)
        {
            TLanes inverse = TLanes.Of(settings.First + (settings.Step * step) + settings.Top) / (maximum - minimum);
            Sums(tile, column, inverse, minimum, settings.Top, out TLanes levels, out TLanes squares, out TLanes products);
            TLanes determinant = (weightSum * squares) - (levels * levels);
            TLanes newScale = ((weightSum * products) - (valueSum * levels)) / determinant;
            TLanes newMinimum = ((squares * valueSum) - (levels * products)) / determinant;
            TLanes positive = newMinimum > zero;
            newScale = TLanes.Select(positive, products / squares, newScale);
            newMinimum = TLanes.Select(positive, zero, newMinimum);

            TLanes error = Error(tile, column, newScale, newMinimum, settings.AbsoluteError);
            TLanes better = (determinant > zero) & (error < bestError);
            levelInverse = TLanes.Select(better, inverse, levelInverse);
            levelMinimum = TLanes.Select(better, minimum, levelMinimum);
            bestError = TLanes.Select(better, error, bestError);
            scale = TLanes.Select(better, newScale, scale);
            minimum = TLanes.Select(better, newMinimum, minimum);
        }
        Levels(tile, column, levelInverse, levelMinimum, settings.Top, tile.Levels);
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            TLanes.Select(spread, TLanes.Load(tile.Levels + i), zero).Store(tile.Levels + i);
        TLanes.Select(spread, scale, zero).Store(tile.Scales + column);
        (TLanes.Select(spread, minimum, constantMinimum) * TLanes.Of(-1)).Store(tile.Minima + column);
    }

    private static void Range(in Tile tile, int column, out TLanes minimum, out TLanes maximum, out TLanes weightSum, out TLanes valueSum)
    {
        minimum = maximum = TLanes.Load(tile.Values + column);
        weightSum = TLanes.Load(tile.Weights + column);
        valueSum = weightSum * minimum;
        for (int i = column + Tile.Columns; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes value = TLanes.Load(tile.Values + i), weight = TLanes.Load(tile.Weights + i);
            minimum = TLanes.Select(value < minimum, value, minimum);
            maximum = TLanes.Select(value > maximum, value, maximum);
            weightSum += weight;
            valueSum += weight * value;
        }
    }

    private static void Levels(in Tile tile, int column, TLanes inverse, TLanes minimum, int top, float* destination)
    {
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            TLanes.Round(inverse * (TLanes.Load(tile.Values + i) - minimum), 0, top).Store(destination + i);
    }

    // Levels into Trial, and the weighted sums of level, level² and level · value.
    private static void Sums(in Tile tile, int column, TLanes inverse, TLanes minimum, int top, out TLanes levels, out TLanes squares, out TLanes products)
    {
        TLanes levelSum = TLanes.Of(0), squareSum = levelSum, productSum = levelSum;
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes value = TLanes.Load(tile.Values + i);
            TLanes level = TLanes.Round(inverse * (value - minimum), 0, top), weighted = TLanes.Load(tile.Weights + i) * level;
            level.Store(tile.Trial + i);
            levelSum += weighted;
            squareSum += weighted * level;
            productSum += weighted * value;
        }
        (levels, squares, products) = (levelSum, squareSum, productSum);
    }

    private static TLanes Error(in Tile tile, int column, TLanes scale, TLanes minimum, bool absolute)
    {
        TLanes sum = TLanes.Of(0);
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes difference = (scale * TLanes.Load(tile.Trial + i)) + minimum - TLanes.Load(tile.Values + i);
            sum += TLanes.Load(tile.Weights + i) * (absolute ? TLanes.Abs(difference) : difference * difference);
        }
        return sum;
    }
}
