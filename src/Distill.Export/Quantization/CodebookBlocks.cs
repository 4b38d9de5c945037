using System.Buffers.Binary;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>IQ4_NL and IQ4_XS: levels that index <see cref="Codebook"/>.</summary>
internal static unsafe class CodebookBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Encodes the blocks of a tile.</summary>
    /// <param name="type">IQ4_NL or IQ4_XS.</param>
    /// <param name="tile">Values, and importance in the weights if there is any.</param>
    /// <param name="weighted">Whether there is.</param>
    /// <param name="destination">Receives whole blocks; its length says how many.</param>
    public static void Encode(GgufTensorType type, in Tile tile, bool weighted, Span<byte> destination)
    {
        if (weighted) BlockWeights<TLanes>.Importance(tile);
        else BlockWeights<TLanes>.Square(tile);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width) CodebookSearch<TLanes>.Run(tile, column);

        int blockBytes = type.BlockBytes(), perBlock = type.BlockSize() / 32, count = destination.Length / blockBytes;
        for (int i = 0; i < count; i++)
        {
            Span<byte> block = destination.Slice(i * blockBytes, blockBytes);
            if (type == GgufTensorType.IQ4_NL) WriteScale(tile, i, block);
            else WriteSubScales(tile, i * perBlock, block);
        }
        SetLevels(tile);
        tile.WriteCodes<TLanes>(0);
        int head = blockBytes - (perBlock * 16);
        for (int i = 0; i < count; i++)
        {
            for (int part = 0; part < perBlock; part++)
            {
                var codes = new ReadOnlySpan<byte>(tile.Codes + (((i * perBlock) + part) * 32), 32);
                BlockPacking.HalfNibbles(codes, destination.Slice((i * blockBytes) + head + (part * 16), 16));
            }
        }
    }

    private static void WriteScale(in Tile tile, int column, Span<byte> block)
    {
        float scale = tile.Scales[column];
        BinaryPrimitives.WriteUInt16LittleEndian(block, FloatConversion.SingleToHalf(scale));
        tile.Steps[column] = scale != 0 ? 1 / scale : 0;
    }

    // Sub-scales are multiples of the single-precision scale here, not of its rounded half.
    private static void WriteSubScales(in Tile tile, int column, Span<byte> block)
    {
        float extreme = 0, largest = 0;
        for (int i = column; i < column + 8; i++)
        {
            float magnitude = MathF.Abs(tile.Scales[i]);
            if (magnitude > largest) (largest, extreme) = (magnitude, tile.Scales[i]);
        }
        float scale = -extreme / 32, inverse = scale != 0 ? 1 / scale : 0;
        BinaryPrimitives.WriteUInt16LittleEndian(block, FloatConversion.SingleToHalf(scale));
        block[4..8].Clear();
        int high = 0;
        for (int i = 0; i < 8; i++)
        {
            int level = Math.Clamp(Rounding.Nearest(inverse * tile.Scales[column + i]), -32, 31);
            float step = scale * level;
            tile.Steps[column + i] = step != 0 ? 1 / step : 0;
            level += 32;
            block[4 + (i / 2)] |= (byte)((level & 15) << (4 * (i % 2)));
            high |= (level >> 4) << (2 * i);
        }
        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)high);
    }

    // Here the steps are inverses.
    private static void SetLevels(in Tile tile)
    {
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            TLanes inverse = TLanes.Load(tile.Steps + column);
            for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
                TLanes.CodeIndex(inverse * TLanes.Load(tile.Values + i)).Store(tile.Levels + i);
        }
    }
}
