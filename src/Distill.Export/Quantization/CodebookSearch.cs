namespace Distill.Export.Quantization;

/// <summary>
/// Scale of a block whose levels index <see cref="Codebook"/>: the one that maps the extreme value to the lowest entry and
/// fifteen around it; the one whose weighted least-squares fit explains most stays. Leaves the scale only.
/// </summary>
internal static unsafe class CodebookSearch<TLanes> where TLanes : struct, ILanes<TLanes>
{
    private const int Reach = 7;

    /// <summary>Works on one vector's worth of a tile's columns.</summary>
    public static void Run(in Tile tile, int column)
    {
        TLanes zero = TLanes.Of(0), extreme = SymmetricSearch<TLanes>.Extreme(tile, column, out TLanes largest);
        TLanes first = extreme / TLanes.Of(-Codebook.Lowest);
        Fit(tile, column, TLanes.Of(1) / first, out TLanes products, out TLanes squares);
        TLanes scale = TLanes.Select(squares > zero, products / squares, zero), best = scale * products;
        for (int step = -Reach; step <= Reach; step++)
        {
            Fit(tile, column, TLanes.Of(step + Codebook.Lowest) / extreme, out products, out squares);
            TLanes better = (squares > zero) & ((products * products) > (best * squares));
            TLanes fitted = products / squares;
            scale = TLanes.Select(better, fitted, scale);
            best = TLanes.Select(better, fitted * products, best);
        }
        TLanes.Select(largest < TLanes.Of(SymmetricSearch<TLanes>.Negligible), zero, scale).Store(tile.Scales + column);
    }

    private static void Fit(in Tile tile, int column, TLanes inverse, out TLanes products, out TLanes squares)
    {
        TLanes productSum = TLanes.Of(0), squareSum = productSum;
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes value = TLanes.Load(tile.Values + i), code = TLanes.CodeValue(inverse * value);
            TLanes weighted = TLanes.Load(tile.Weights + i) * code;
            productSum += weighted * value;
            squareSum += weighted * code;
        }
        (products, squares) = (productSum, squareSum);
    }
}
