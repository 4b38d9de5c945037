using System.Buffers.Binary;
using System.Numerics;

namespace Distill.Weights;

/// <summary>One block of each type with a <see cref="GgufLattice"/> to single precision.</summary>
internal static class LatticeDecoding
{
    private const float Shift = 0.125f; // IQ1: how far a group's three levels are moved to one side

    // What a level stands for, before its scale; the two-bit types have three levels.
    private static ReadOnlySpan<byte> TwoBitMagnitudes => [8, 25, 43, 0];

    private static ReadOnlySpan<byte> SmallMagnitudes => [4, 12, 20, 28, 36, 44, 52, 62];

    private static ReadOnlySpan<byte> OddMagnitudes => [1, 3, 5, 7, 9, 11, 13, 15];

    /// <summary>Decodes one block.</summary>
    /// <param name="type">A type with a lattice.</param>
    /// <param name="block">Its bytes.</param>
    /// <param name="values">Receives its 256 elements.</param>
    public static void Decode(GgufTensorType type, ReadOnlySpan<byte> block, Span<float> values)
    {
        switch (type)
        {
            case GgufTensorType.IQ2_XXS: SmallestTwoBits(block, values); break;
            case GgufTensorType.IQ2_XS: SmallTwoBits(block, values); break;
            case GgufTensorType.IQ2_S: TwoBits(block, values); break;
            case GgufTensorType.IQ3_XXS: SmallThreeBits(block, values); break;
            case GgufTensorType.IQ3_S: ThreeBits(block, values); break;
            case GgufTensorType.IQ1_S: OneBit(block, values); break;
            default: MixedOneBit(block, values); break;
        }
    }

    private static float Half(ReadOnlySpan<byte> block) => FloatConversion.HalfToSingle(BinaryPrimitives.ReadUInt16LittleEndian(block));

    // Seven bits say which of eight weights are negative; their number is even.
    private static int EvenSigns(uint seven) => (int)(seven & 127) | ((BitOperations.PopCount(seven & 127) & 1) << 7);

    private static void Eight(int point, int signs, float scale, Span<float> values)
    {
        for (int j = 0; j < 8; j++) values[j] = Signed(scale * TwoBitMagnitudes[(point >> (2 * j)) & 3], signs, j);
    }

    private static void TwiceFour(ReadOnlySpan<byte> magnitudes, int first, int second, int signs, float scale, Span<float> values)
    {
        for (int j = 0; j < 4; j++)
        {
            values[j] = Signed(scale * magnitudes[(first >> (3 * j)) & 7], signs, j);
            values[j + 4] = Signed(scale * magnitudes[(second >> (3 * j)) & 7], signs, j + 4);
        }
    }

    private static float Signed(float value, int signs, int index) => ((signs >> index) & 1) != 0 ? -value : value;

    private static void SmallestTwoBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        ReadOnlySpan<ushort> points = GgufLattice.Points(GgufTensorType.IQ2_XXS);
        for (int sub = 0; sub < 8; sub++)
        {
            ReadOnlySpan<byte> part = block.Slice(2 + (8 * sub), 8);
            uint signs = BinaryPrimitives.ReadUInt32LittleEndian(part[4..]);
            float step = scale * (0.5f + (signs >> 28)) * 0.25f;
            for (int l = 0; l < 4; l++) Eight(points[part[l]], EvenSigns(signs >> (7 * l)), step, values.Slice((32 * sub) + (8 * l), 8));
        }
    }

    private static void SmallTwoBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        ReadOnlySpan<ushort> points = GgufLattice.Points(GgufTensorType.IQ2_XS);
        for (int group = 0; group < 32; group++)
        {
            int packed = BinaryPrimitives.ReadUInt16LittleEndian(block[(2 + (2 * group))..]);
            float step = scale * (0.5f + NibbleScale(block[66..], group)) * 0.25f;
            Eight(points[packed & 511], EvenSigns((uint)packed >> 9), step, values.Slice(8 * group, 8));
        }
    }

    private static void TwoBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        ReadOnlySpan<ushort> points = GgufLattice.Points(GgufTensorType.IQ2_S);
        for (int group = 0; group < 32; group++)
        {
            int point = block[2 + group] | (((block[66 + (group / 4)] >> (2 * (group % 4))) & 3) << 8);
            float step = scale * (0.5f + NibbleScale(block[74..], group)) * 0.25f;
            Eight(points[point], block[34 + group], step, values.Slice(8 * group, 8));
        }
    }

    // Two groups of eight share a scale, four groups a byte.
    private static int NibbleScale(ReadOnlySpan<byte> scales, int group) => (scales[group / 4] >> (group / 2 % 2 * 4)) & 15;

    private static void SmallThreeBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        ReadOnlySpan<ushort> points = GgufLattice.Points(GgufTensorType.IQ3_XXS);
        for (int sub = 0; sub < 8; sub++)
        {
            uint signs = BinaryPrimitives.ReadUInt32LittleEndian(block[(66 + (4 * sub))..]);
            float step = scale * (0.5f + (signs >> 28)) * 0.5f;
            for (int l = 0; l < 4; l++)
            {
                ReadOnlySpan<byte> pair = block.Slice(2 + (8 * sub) + (2 * l), 2);
                TwiceFour(SmallMagnitudes, points[pair[0]], points[pair[1]], EvenSigns(signs >> (7 * l)), step, values.Slice((32 * sub) + (8 * l), 8));
            }
        }
    }

    private static void ThreeBits(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        ReadOnlySpan<ushort> points = GgufLattice.Points(GgufTensorType.IQ3_S);
        for (int group = 0; group < 32; group++)
        {
            int high = block[66 + (group / 4)] >> (group % 4 * 2);
            int first = block[2 + (2 * group)] | ((high & 1) << 8), second = block[3 + (2 * group)] | ((high & 2) << 7);
            float step = scale * (1 + (2 * ((block[106 + (group / 8)] >> (group / 4 % 2 * 4)) & 15)));
            TwiceFour(OddMagnitudes, points[first], points[second], block[74 + group], step, values.Slice(8 * group, 8));
        }
    }

    private static void OneBit(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block);
        for (int group = 0; group < 32; group++)
        {
            int high = BinaryPrimitives.ReadUInt16LittleEndian(block[(34 + (group / 4 * 2))..]);
            float step = scale * ((2 * ((high >> 12) & 7)) + 1);
            Ternary(block[2 + group] | (((high >> (group % 4 * 3)) & 7) << 8), (high & 0x8000) != 0, step, values.Slice(8 * group, 8));
        }
    }

    // The scale's sixteen bits are in the highest four of each word of sub-scales.
    private static void MixedOneBit(ReadOnlySpan<byte> block, Span<float> values)
    {
        Span<int> words = stackalloc int[4];
        int bits = 0;
        for (int i = 0; i < 4; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + (2 * i))..]);
            bits |= (words[i] >> 12) << (4 * i);
        }
        float scale = FloatConversion.HalfToSingle((ushort)bits);
        for (int group = 0; group < 32; group++)
        {
            float step = scale * ((2 * ((words[group / 8] >> (group / 2 % 4 * 3)) & 7)) + 1);
            int high = block[32 + (group / 2)] >> (group % 2 * 4);
            Ternary(block[group] | ((high & 7) << 8), (high & 8) != 0, step, values.Slice(8 * group, 8));
        }
    }

    private static void Ternary(int number, bool down, float scale, Span<float> values)
    {
        int point = GgufLattice.Points(GgufTensorType.IQ1_S)[number];
        for (int j = 0; j < 8; j++) values[j] = scale * (((point >> (2 * j)) & 3) - 1 + (down ? -Shift : Shift));
    }
}
