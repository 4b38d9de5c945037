using System.Buffers.Binary;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Q2_K, Q4_K and Q5_K: sub-blocks with a scale and a minimum each, both multiples of two half-precision numbers.</summary>
internal static unsafe class AffineSuperBlocks<TLanes> where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Encodes the super-blocks of a tile.</summary>
    /// <param name="type">One of the three types.</param>
    /// <param name="tile">Values, and importance in the weights if there is any.</param>
    /// <param name="weighted">Whether there is.</param>
    /// <param name="destination">Receives whole super-blocks; its length says how many.</param>
    public static void Encode(GgufTensorType type, in Tile tile, bool weighted, Span<byte> destination)
    {
        AffineSearchSettings search = Settings(type, weighted);
        if (weighted) BlockWeights<TLanes>.Importance(tile);
        else if (type == GgufTensorType.Q2_K) BlockWeights<TLanes>.Magnitude(tile);
        else BlockWeights<TLanes>.SmoothedMagnitude(tile);
        if (weighted) BlockWeights<TLanes>.Sum(tile);
        for (int column = 0; column < Tile.Columns; column += TLanes.Width) AffineSearch<TLanes>.Run(tile, column, search);

        int blockBytes = type.BlockBytes(), subBlocks = 256 / tile.Height, count = destination.Length / blockBytes;
        for (int i = 0; i < count; i++)
        {
            Span<byte> block = destination.Slice(i * blockBytes, blockBytes);
            if (type == GgufTensorType.Q2_K) WriteNibbleScales(tile, weighted, block);
            else WriteSixBitScales(tile, i * subBlocks, weighted, block);
        }
        FinalLevels<TLanes>.Refine(tile, 0, search.Top);
        tile.WriteCodes<TLanes>(0);
        for (int i = 0; i < count; i++)
        {
            var codes = new ReadOnlySpan<byte>(tile.Codes + (i * 256), 256);
            Span<byte> block = destination.Slice(i * blockBytes, blockBytes);
            if (type == GgufTensorType.Q2_K) BlockPacking.TwoBits(codes, block[16..80]);
            else if (type == GgufTensorType.Q4_K) BlockPacking.Nibbles(codes, block[16..]);
            else BlockPacking.FiveBits(codes, block[48..], block[16..48]);
        }
    }

    private static AffineSearchSettings Settings(GgufTensorType type, bool weighted)
    {
        int top = type switch { GgufTensorType.Q2_K => 3, GgufTensorType.Q4_K => 15, _ => 31 };
        if (weighted) return new(top, -0.9f, 0.05f, 36);
        return type switch
        {
            GgufTensorType.Q2_K => new(top, -0.5f, 0.1f, 15, AbsoluteError: true),
            GgufTensorType.Q4_K => new(top, -1, 0.1f, 20),
            _ => new(top, -0.5f, 0.1f, 15),
        };
    }

    // Q2_K: scale and minimum of a sub-block share a byte.
    private static void WriteNibbleScales(in Tile tile, bool weighted, Span<byte> block)
    {
        Span<byte> scales = stackalloc byte[16], minima = stackalloc byte[16];
        (float scale, float minimum) = Quantize(tile, 0, 15, weighted, scales, minima);
        for (int i = 0; i < 16; i++)
        {
            byte packed = block[i] = (byte)(scales[i] | (minima[i] << 4));
            SetStep(tile, i, scale, packed & 15, minimum, packed >> 4);
        }
        WriteHalves(block[80..], scale, minimum);
    }

    // Q4_K and Q5_K: eight scales and eight minima of six bits in twelve bytes.
    private static void WriteSixBitScales(in Tile tile, int column, bool weighted, Span<byte> block)
    {
        Span<byte> scales = stackalloc byte[8], minima = stackalloc byte[8];
        (float scale, float minimum) = Quantize(tile, column, 63, weighted, scales, minima);
        Span<byte> packed = block.Slice(4, 12);
        packed.Clear();
        for (int i = 0; i < 8; i++)
        {
            int s = Math.Min((byte)63, scales[i]), m = Math.Min((byte)63, minima[i]);
            if (i < 4)
            {
                packed[i] = (byte)s;
                packed[i + 4] = (byte)m;
            }
            else
            {
                packed[i + 4] = (byte)((s & 15) | ((m & 15) << 4));
                packed[i - 4] |= (byte)((s >> 4) << 6);
                packed[i] |= (byte)((m >> 4) << 6);
            }
            SetStep(tile, column + i, scale, s, minimum, m);
        }
        WriteHalves(block, scale, minimum);
    }

    private static (float Scale, float Minimum) Quantize(in Tile tile, int column, int top, bool weighted, Span<byte> scales, Span<byte> minima)
    {
        var foundScales = new ReadOnlySpan<float>(tile.Scales + column, scales.Length);
        var foundMinima = new ReadOnlySpan<float>(tile.Minima + column, scales.Length);
        if (!weighted) return (Spread(foundScales, top, scales), Spread(foundMinima, top, minima));
        var weights = new ReadOnlySpan<float>(tile.WeightSums + column, scales.Length);
        return (PositiveScaleSearch.Run(foundScales, weights, top, scales), PositiveScaleSearch.Run(foundMinima, weights, top, minima));
    }

    // The largest gets the top level.
    private static float Spread(ReadOnlySpan<float> values, int top, Span<byte> levels)
    {
        float largest = 0;
        foreach (float value in values) largest = value > largest ? value : largest;
        float inverse = largest > 0 ? top / largest : 0;
        for (int i = 0; i < values.Length; i++) levels[i] = (byte)Rounding.Nearest(inverse * values[i]);
        return largest / top;
    }

    private static void SetStep(in Tile tile, int column, float scale, int scaleLevel, float minimum, int minimumLevel)
    {
        tile.Steps[column] = FloatConversion.RoundToHalf(scale) * scaleLevel;
        tile.Offsets[column] = FloatConversion.RoundToHalf(minimum) * minimumLevel;
    }

    private static void WriteHalves(Span<byte> destination, float first, float second)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, FloatConversion.SingleToHalf(first));
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], FloatConversion.SingleToHalf(second));
    }
}
