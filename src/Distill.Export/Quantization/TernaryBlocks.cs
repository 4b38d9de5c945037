using System.Buffers.Binary;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>TQ1_0 and TQ2_0: each weight is -1, 0 or 1 times the largest magnitude of its block.</summary>
internal static class TernaryBlocks
{
    private const int Length = 256;

    /// <summary>Encodes whole blocks.</summary>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[Length];
        int blockBytes = type.BlockBytes();
        for (int first = 0; first < source.Length; first += Length)
        {
            Span<byte> block = destination.Slice(first / Length * blockBytes, blockBytes);
            float scale = Digits(source.Slice(first, Length), digits);
            if (type == GgufTensorType.TQ2_0)
            {
                BlockPacking.TwoBits(digits, block);
            }
            else
            {
                FiveToAByte(digits, 5, block[..32]);
                FiveToAByte(digits[160..], 5, block[32..48]);
                FiveToAByte(digits[240..], 4, block[48..52]);
            }
            BinaryPrimitives.WriteUInt16LittleEndian(block[^2..], FloatConversion.SingleToHalf(scale));
        }
    }

    // 0, 1 and 2 for -1, 0 and 1; gives the scale. Halves are rounded away from zero; where the inverse overflows all are zeros.
    private static float Digits(ReadOnlySpan<float> values, Span<byte> digits)
    {
        float largest = 0;
        foreach (float value in values) largest = largest > MathF.Abs(value) ? largest : MathF.Abs(value);
        float inverse = largest != 0 ? 1 / largest : 0;
        for (int i = 0; i < Length; i++)
        {
            float scaled = values[i] * inverse;
            digits[i] = (byte)(1 + (scaled is >= 0.5f and < 2 ? 1 : scaled is <= -0.5f and > -2 ? -1 : 0));
        }
        return largest;
    }

    // Bytes whose product with 3^n / 256 has the n-th digit before the point, rounded up so that nothing is lost.
    private static void FiveToAByte(ReadOnlySpan<byte> digits, int count, Span<byte> packed)
    {
        for (int i = 0; i < packed.Length; i++)
        {
            int number = 0;
            for (int digit = 0; digit < 5; digit++) number = (number * 3) + (digit < count ? digits[i + (digit * packed.Length)] : 0);
            packed[i] = (byte)(((number * 256) + 242) / 243);
        }
    }
}
