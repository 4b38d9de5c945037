using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Q3_K and Q6_K: sub-blocks of sixteen with a scale each, all multiples of one half-precision number.</summary>
internal static unsafe class SymmetricSuperBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    private const int SubBlocks = 16;

    /// <summary>Encodes the super-block of a tile as Q3_K.</summary>
    /// <param name="tile">Values, and importance in the weights if there is any.</param>
    /// <param name="weighted">Whether there is.</param>
    /// <param name="block">Receives it.</param>
    public static void EncodeThreeBits(in Tile tile, bool weighted, Span<byte> block)
    {
        const int limit = 4;
        if (weighted) BlockWeights<TLanes>.Importance(tile);
        else BlockWeights<TLanes>.Square(tile);
        BlockWeights<TLanes>.Multiply(tile);
        if (weighted) BlockWeights<TLanes>.Sum(tile);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width)
        {
            if (weighted) SymmetricSearch<TLanes>.Candidates(tile, column, limit);
            else SymmetricSearch<TLanes>.Descent(tile, column, limit);
        }
        Span<byte> levels = stackalloc byte[SubBlocks];
        float scale = weighted ? FitSubScales(tile, levels) : SpreadSubScales(tile, levels);

        Span<byte> packed = block.Slice(96, 12);
        packed.Clear();
        for (int i = 0; i < SubBlocks; i++)
        {
            packed[i % 8] |= (byte)((levels[i] & 15) << (4 * (i / 8)));
            packed[8 + (i % 4)] |= (byte)((levels[i] >> 4) << (2 * (i / 4)));
            tile.Steps[i] = FloatConversion.RoundToHalf(scale) * (levels[i] - 32);
            tile.Offsets[i] = 0;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(block[108..], FloatConversion.SingleToHalf(scale));
        FinalLevels<TLanes>.Refine(tile, -limit, limit - 1);
        tile.WriteCodes<TLanes>(limit);
        BlockPacking.ThreeBits(new ReadOnlySpan<byte>(tile.Codes, 256), block.Slice(32, 64), block[..32]);
    }

    /// <summary>Encodes the super-block of a tile as Q6_K.</summary>
    /// <param name="tile">Values, and importance in the weights if there is any.</param>
    /// <param name="weighted">Whether there is.</param>
    /// <param name="block">Receives it.</param>
    public static void EncodeSixBits(in Tile tile, bool weighted, Span<byte> block)
    {
        const int limit = 32;
        if (!weighted) BlockWeights<TLanes>.Square(tile);
        BlockWeights<TLanes>.Multiply(tile);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width) SymmetricSearch<TLanes>.Candidates(tile, column, limit);
        float extreme = Extreme(new ReadOnlySpan<float>(tile.Scales, SubBlocks), out float largest);
        if (largest < SymmetricSearch<TLanes>.Negligible)
        {
            block.Clear();
            return;
        }
        float inverse = -128 / extreme, scale = 1 / inverse;
        Span<sbyte> subScales = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, SubBlocks));
        for (int i = 0; i < SubBlocks; i++)
        {
            subScales[i] = (sbyte)Math.Min(127, Rounding.Nearest(inverse * tile.Scales[i]));
            tile.Steps[i] = FloatConversion.RoundToHalf(scale) * subScales[i];
            tile.Offsets[i] = 0;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(block[208..], FloatConversion.SingleToHalf(scale));
        FinalLevels<TLanes>.Refine(tile, -limit, limit - 1);
        tile.WriteCodes<TLanes>(limit);
        BlockPacking.SixBits(new ReadOnlySpan<byte>(tile.Codes, 256), block[..128], block.Slice(128, 64));
    }

    // The extreme sub-scale gets level -32; a level is stored with 32 added.
    private static float SpreadSubScales(in Tile tile, Span<byte> levels)
    {
        float extreme = Extreme(new ReadOnlySpan<float>(tile.Scales, SubBlocks), out _);
        levels.Clear();
        if (extreme == 0) return 0;
        float inverse = -32 / extreme;
        for (int i = 0; i < SubBlocks; i++) levels[i] = (byte)(Math.Clamp((sbyte)Rounding.Nearest(inverse * tile.Scales[i]), (sbyte)-32, (sbyte)31) + 32);
        return 1 / inverse;
    }

    // With an imatrix the sub-scales are quantised like a block of their own, each weighted by its block's importance.
    private static float FitSubScales(in Tile tile, Span<byte> levels)
    {
        byte* memory = stackalloc byte[Tile.MemoryBytes];
        var inner = new Tile(memory, SubBlocks);
        for (int i = 0; i < SubBlocks; i++)
        {
            inner.Values[i * Tile.Columns] = tile.Scales[i];
            inner.Weights[i * Tile.Columns] = tile.WeightSums[i];
            inner.Products[i * Tile.Columns] = tile.WeightSums[i] * tile.Scales[i];
        }
        SymmetricSearch<ScalarLane>.Candidates(inner, 0, 32);
        for (int i = 0; i < SubBlocks; i++) levels[i] = (byte)(inner.Levels[i * Tile.Columns] + 32);
        return inner.Scales[0];
    }

    private static float Extreme(ReadOnlySpan<float> values, out float largest)
    {
        float extreme = largest = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > largest) (largest, extreme) = (MathF.Abs(value), value);
        }
        return extreme;
    }
}
