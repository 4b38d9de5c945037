namespace Distill.Export.Quantization;

/// <summary>How much the error of each value of a tile counts: fills <see cref="Tile.Weights"/>.</summary>
internal static unsafe class BlockWeights<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>The magnitude.</summary>
    public static void Magnitude(in Tile tile)
    {
        for (int i = 0; i < tile.Height * Tile.Columns; i += TLanes.Width) TLanes.Abs(TLanes.Load(tile.Values + i)).Store(tile.Weights + i);
    }

    /// <summary>The magnitude plus the block's root mean square.</summary>
    public static void SmoothedMagnitude(in Tile tile)
    {
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            TLanes sum = TLanes.Of(0);
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            {
                TLanes value = TLanes.Load(tile.Values + i);
                sum += value * value;
            }
            TLanes average = TLanes.Sqrt(sum / TLanes.Of(tile.Height));
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
                (average + TLanes.Abs(TLanes.Load(tile.Values + i))).Store(tile.Weights + i);
        }
    }

    /// <summary>The square.</summary>
    public static void Square(in Tile tile)
    {
        for (int i = 0; i < tile.Height * Tile.Columns; i += TLanes.Width)
        {
            TLanes value = TLanes.Load(tile.Values + i);
            (value * value).Store(tile.Weights + i);
        }
    }

    /// <summary>Importance, which stands in <see cref="Tile.Weights"/>, times the root of energy plus square.</summary>
    public static void Importance(in Tile tile)
    {
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            TLanes energy = TLanes.Load(tile.Energy + column);
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            {
                TLanes value = TLanes.Load(tile.Values + i);
                (TLanes.Load(tile.Weights + i) * TLanes.Sqrt(energy + (value * value))).Store(tile.Weights + i);
            }
        }
    }

    /// <summary>Fills <see cref="Tile.Products"/>.</summary>
    public static void Multiply(in Tile tile)
    {
        for (int i = 0; i < tile.Height * Tile.Columns; i += TLanes.Width)
            (TLanes.Load(tile.Weights + i) * TLanes.Load(tile.Values + i)).Store(tile.Products + i);
    }

    /// <summary>Fills <see cref="Tile.WeightSums"/>.</summary>
    public static void Sum(in Tile tile)
    {
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            TLanes sum = TLanes.Of(0);
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns) sum += TLanes.Load(tile.Weights + i);
            sum.Store(tile.WeightSums + column);
        }
    }

    /// <summary>Sum of squares, added one after the other.</summary>
    public static float SumOfSquares(ReadOnlySpan<float> values)
    {
        float sum = 0;
        foreach (float value in values) sum += value * value;
        return sum;
    }
}
