using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Distill.Weights;

/// <summary>One block of each quantised GGUF type to single precision.</summary>
internal static class BlockDecoding
{
    /// <summary>Whether the type is known here.</summary>
    public static bool Supports(GgufTensorType type) => type is GgufTensorType.Q8_0
        or GgufTensorType.Q4_0 or GgufTensorType.Q4_1 or GgufTensorType.Q5_0 or GgufTensorType.Q5_1
        or GgufTensorType.Q2_K or GgufTensorType.Q3_K or GgufTensorType.Q4_K or GgufTensorType.Q5_K or GgufTensorType.Q6_K
        or GgufTensorType.IQ4_NL or GgufTensorType.IQ4_XS or GgufTensorType.MXFP4 or GgufTensorType.TQ1_0 or GgufTensorType.TQ2_0
        || GgufLattice.Has(type);

    /// <summary>Decodes one block.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="block">Its bytes.</param>
    /// <param name="values">Receives its elements.</param>
    public static void Decode(GgufTensorType type, ReadOnlySpan<byte> block, Span<float> values)
    {
        switch (type)
        {
            case GgufTensorType.Q8_0: EightBits(block, values); break;
            case GgufTensorType.Q4_0: FiveBits(block[2..], 0, 8, Half(block, 0), -0f, values); break;
            case GgufTensorType.Q4_1: FiveBits(block[4..], 0, 0, Half(block, 0), Half(block, 2), values); break;
            case GgufTensorType.Q5_0: FiveBits(block[6..], BinaryPrimitives.ReadUInt32LittleEndian(block[2..]), 16, Half(block, 0), -0f, values); break;
            case GgufTensorType.Q5_1: FiveBits(block[8..], BinaryPrimitives.ReadUInt32LittleEndian(block[4..]), 0, Half(block, 0), Half(block, 2), values); break;
            case GgufTensorType.Q2_K: TwoBitSuperBlock(block, values); break;
            case GgufTensorType.Q3_K: ThreeBitSuperBlock(block, values); break;
            case GgufTensorType.Q4_K: AffineSuperBlock(block, default, block[16..], values); break;
            case GgufTensorType.Q5_K: AffineSuperBlock(block, block.Slice(16, 32), block[48..], values); break;
            case GgufTensorType.Q6_K: SixBitSuperBlock(block, values); break;
            case GgufTensorType.IQ4_NL: Codes(GgufCodebook.Values, block[2..], Half(block, 0), values); break;
            case GgufTensorType.IQ4_XS: CodeSuperBlock(block, values); break;
            case GgufTensorType.MXFP4: Codes(GgufCodebook.FourBitFloats, block[1..], GgufCodebook.HalfStep(block[0]), values); break;
            case GgufTensorType.TQ1_0: TernaryDecoding.FiveToAByte(block, values); break;
            case GgufTensorType.TQ2_0: TernaryDecoding.FourToAByte(block, values); break;
            case var _ when GgufLattice.Has(type): LatticeDecoding.Decode(type, block, values); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "cannot be read");
        }
    }

    private static float Half(ReadOnlySpan<byte> block, int offset) => FloatConversion.HalfToSingle(BinaryPrimitives.ReadUInt16LittleEndian(block[offset..]));

    private static void EightBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 0);
        ReadOnlySpan<sbyte> levels = MemoryMarshal.Cast<byte, sbyte>(block[2..]);
        for (int i = 0; i < values.Length; i++) values[i] = scale * levels[i];
    }

    // Also for four bits, whose fifth bits are 0. A missing minimum is -0: adding it keeps the sign of a zero.
    private static void FiveBits(ReadOnlySpan<byte> packed, uint fifth, int middle, float scale, float minimum, Span<float> values)
    {
        for (int j = 0; j < 16; j++)
        {
            int low = (packed[j] & 15) | (int)((fifth >> j) & 1) << 4, high = (packed[j] >> 4) | (int)((fifth >> (j + 16)) & 1) << 4;
            values[j] = ((low - middle) * scale) + minimum;
            values[j + 16] = ((high - middle) * scale) + minimum;
        }
    }

    private static void TwoBitSuperBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 80), minimum = Half(block, 82);
        for (int i = 0; i < 256; i++)
        {
            int subScale = block[i / 16], level = (block[16 + (i / 128 * 32) + (i % 32)] >> (i / 32 % 4 * 2)) & 3;
            values[i] = (scale * (subScale & 15) * level) - (minimum * (subScale >> 4));
        }
    }

    private static void ThreeBitSuperBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 108);
        ReadOnlySpan<byte> packed = block[96..];
        for (int i = 0; i < 256; i++)
        {
            int sub = i / 16, subScale = ((packed[sub % 8] >> (4 * (sub / 8))) & 15) | (((packed[8 + (sub % 4)] >> (2 * (sub / 4))) & 3) << 4);
            int level = (block[32 + (i / 128 * 32) + (i % 32)] >> (i / 32 % 4 * 2)) & 3;
            values[i] = scale * (subScale - 32) * (level - (((block[i % 32] >> (i / 32)) & 1) == 0 ? 4 : 0));
        }
    }

    // Q4_K and Q5_K: eight sub-blocks with a scale and a minimum of six bits each.
    private static void AffineSuperBlock(ReadOnlySpan<byte> block, ReadOnlySpan<byte> fifth, ReadOnlySpan<byte> packed, Span<float> values)
    {
        float scale = Half(block, 0), minimum = Half(block, 2);
        ReadOnlySpan<byte> six = block.Slice(4, 12);
        for (int sub = 0; sub < 8; sub++)
        {
            int subScale = sub < 4 ? six[sub] & 63 : (six[sub + 4] & 15) | (six[sub - 4] >> 6 << 4);
            int subMinimum = sub < 4 ? six[sub + 4] & 63 : (six[sub + 4] >> 4) | (six[sub] >> 6 << 4);
            float step = scale * subScale, offset = minimum * subMinimum;
            for (int l = 0; l < 32; l++)
            {
                int level = (packed[(sub / 2 * 32) + l] >> (sub % 2 * 4)) & 15;
                if (!fifth.IsEmpty) level |= ((fifth[l] >> sub) & 1) << 4;
                values[(sub * 32) + l] = (step * level) - offset;
            }
        }
    }

    private static void SixBitSuperBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 208);
        ReadOnlySpan<sbyte> subScales = MemoryMarshal.Cast<byte, sbyte>(block.Slice(192, 16));
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, quarter = i / 32 % 4, l = i % 32;
            int level = (block[(half * 64) + (quarter % 2 * 32) + l] >> (quarter / 2 * 4)) & 15;
            level |= ((block[128 + (half * 32) + l] >> (quarter * 2)) & 3) << 4;
            values[i] = scale * subScales[i / 16] * (level - 32);
        }
    }

    private static void CodeSuperBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 0);
        int high = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (int sub = 0; sub < 8; sub++)
        {
            int subScale = ((block[4 + (sub / 2)] >> (4 * (sub % 2))) & 15) | (((high >> (2 * sub)) & 3) << 4);
            Codes(GgufCodebook.Values, block.Slice(8 + (16 * sub), 16), scale * (subScale - 32), values.Slice(sub * 32, 32));
        }
    }

    private static void Codes(ReadOnlySpan<float> codebook, ReadOnlySpan<byte> packed, float scale, Span<float> values)
    {
        for (int j = 0; j < 16; j++)
        {
            values[j] = scale * codebook[packed[j] & 15];
            values[j + 16] = scale * codebook[packed[j] >> 4];
        }
    }
}
