namespace Distill.Export.Quantization;

/// <summary>The last pass over a super-block: levels for scales and minima as they will be read back.</summary>
internal static unsafe class FinalLevels<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Sets levels from <see cref="Tile.Steps"/> and <see cref="Tile.Offsets"/>; a block with step 0 keeps those of its search.</summary>
    public static void Refine(in Tile tile, int lowest, int highest)
    {
        TLanes zero = TLanes.Of(0);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            TLanes step = TLanes.Load(tile.Steps + column), offset = TLanes.Load(tile.Offsets + column), keep = TLanes.Equal(step, zero);
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
            {
                TLanes level = TLanes.Round((TLanes.Load(tile.Values + i) + offset) / step, lowest, highest);
                TLanes.Select(keep, TLanes.Load(tile.Levels + i), level).Store(tile.Levels + i);
            }
        }
    }
}
