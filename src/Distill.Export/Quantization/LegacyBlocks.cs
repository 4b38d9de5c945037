using System.Buffers.Binary;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Q4_0, Q4_1, Q5_0 and Q5_1: 32 levels of four or five bits, a scale and perhaps a minimum.</summary>
internal static unsafe class LegacyBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Encodes the blocks of a tile.</summary>
    /// <param name="type">One of the four types.</param>
    /// <param name="tile">Values, and importance in the weights if there is any.</param>
    /// <param name="weighted">Whether there is.</param>
    /// <param name="destination">Receives whole blocks; its length says how many.</param>
    public static void Encode(GgufTensorType type, in Tile tile, bool weighted, Span<byte> destination)
    {
        int top = type is GgufTensorType.Q4_0 or GgufTensorType.Q4_1 ? 15 : 31, middle = (top + 1) / 2;
        bool affine = type is GgufTensorType.Q4_1 or GgufTensorType.Q5_1;
        if (weighted) BlockWeights<TLanes>.Importance(tile);
        if (weighted && !affine) BlockWeights<TLanes>.Multiply(tile);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            if (affine && weighted) AffineSearch<TLanes>.Run(tile, column, new AffineSearchSettings(top, -0.9f, 0.05f, 36));
            else if (affine) Range(tile, column, top);
            else if (weighted) SymmetricSearch<TLanes>.Candidates(tile, column, middle);
            else Extreme(tile, column, middle);
        }
        tile.WriteCodes<TLanes>(weighted && !affine ? middle : 0);

        int blockBytes = type.BlockBytes(), head = affine ? 4 : 2;
        for (int i = 0; i < destination.Length / blockBytes; i++)
        {
            Span<byte> block = destination.Slice(i * blockBytes, blockBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(block, FloatConversion.SingleToHalf(tile.Scales[i]));
            if (affine) BinaryPrimitives.WriteUInt16LittleEndian(block[2..], FloatConversion.SingleToHalf(-tile.Minima[i]));
            var codes = new ReadOnlySpan<byte>(tile.Codes + (i * 32), 32);
            if (top == 31) BinaryPrimitives.WriteUInt32LittleEndian(block[head..], BlockPacking.FifthBits(codes));
            BlockPacking.HalfNibbles(codes, block[^16..]);
        }
    }

    // The extreme value gets the lowest level.
    private static void Extreme(in Tile tile, int column, int middle)
    {
        TLanes scale = SymmetricSearch<TLanes>.Extreme(tile, column, out _) / TLanes.Of(-middle);
        scale.Store(tile.Scales + column);
        SetLevels(tile, column, TLanes.Of(0), scale, middle + 0.5f, (2 * middle) - 1);
    }

    private static void Range(in Tile tile, int column, int top)
    {
        TLanes minimum = TLanes.Load(tile.Values + column), maximum = minimum;
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes value = TLanes.Load(tile.Values + i);
            minimum = TLanes.Select(value < minimum, value, minimum);
            maximum = TLanes.Select(value > maximum, value, maximum);
        }
        TLanes scale = (maximum - minimum) / TLanes.Of(top);
        scale.Store(tile.Scales + column);
        (minimum * TLanes.Of(-1)).Store(tile.Minima + column);
        SetLevels(tile, column, minimum, scale, 0.5f, top);
    }

    private static void SetLevels(in Tile tile, int column, TLanes minimum, TLanes scale, float added, int top)
    {
        TLanes zero = TLanes.Of(0), highest = TLanes.Of(top);
        TLanes inverse = TLanes.Select(TLanes.Equal(scale, zero), zero, TLanes.Of(1) / scale);
        for (int i = column; i < tile.Height * Tile.Columns; i += Tile.Columns)
        {
            TLanes level = TLanes.Truncate(((TLanes.Load(tile.Values + i) - minimum) * inverse) + TLanes.Of(added));
            TLanes.Select(level > highest, highest, level).Store(tile.Levels + i);
        }
    }
}
