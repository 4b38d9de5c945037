using System.Buffers.Binary;

namespace Distill.Weights;

/// <summary>One block of TQ1_0 or TQ2_0 to single precision: each weight is -1, 0 or 1 times the block's scale.</summary>
internal static class TernaryDecoding
{
    /// <summary>Five weights a byte: the byte is the fraction of 256 whose first digits in base 3 are the weights.</summary>
    public static void FiveToAByte(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = FloatConversion.HalfToSingle(BinaryPrimitives.ReadUInt16LittleEndian(block[52..]));
        Digits(block[..32], 5, scale, values);
        Digits(block[32..48], 5, scale, values[160..]);
        Digits(block[48..52], 4, scale, values[240..]);
    }

    /// <summary>Four weights a byte, two bits each; byte l of a half holds weights l, l + 32, l + 64 and l + 96 of that half.</summary>
    public static void FourToAByte(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = FloatConversion.HalfToSingle(BinaryPrimitives.ReadUInt16LittleEndian(block[64..]));
        for (int i = 0; i < 256; i++) values[i] = (((block[(i / 128 * 32) + (i % 32)] >> (i / 32 % 4 * 2)) & 3) - 1) * scale;
    }

    private static void Digits(ReadOnlySpan<byte> packed, int digits, float scale, Span<float> values)
    {
        for (int digit = 0, power = 1; digit < digits; digit++, power *= 3)
        {
            for (int j = 0; j < packed.Length; j++)
                values[(digit * packed.Length) + j] = (((byte)(packed[j] * power) * 3 >> 8) - 1) * scale;
        }
    }
}
