using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>TQ1_0 and TQ2_0: each weight is -1, 0 or 1 times the largest magnitude of its block.</summary>
internal static class TernaryBlocks
{
    private const int Length = 256;

    // Of a number of five digits the byte whose product with 3^n / 256 has the n-th digit before the point, rounded up so that nothing is lost.
    private static readonly byte[] Packed = [.. Enumerable.Range(0, 243).Select(number => (byte)(((number * 256) + 242) / 243))];

    /// <summary>Encodes whole blocks.</summary>
    [SkipLocalsInit]
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[Length];
        int blockBytes = type.BlockBytes();
        for (int first = 0; first < source.Length; first += Length)
        {
            Span<byte> block = destination.Slice(first / Length * blockBytes, blockBytes);
            float scale = Digits(source.Slice(first, Length), digits);
            if (type == GgufTensorType.TQ2_0) BlockPacking.TwoBits(digits, block);
            else Fives(digits, block);
            BinaryPrimitives.WriteUInt16LittleEndian(block[^2..], FloatConversion.SingleToHalf(scale));
        }
    }

    // 0, 1 and 2 for -1, 0 and 1; gives the scale.
    private static float Digits(ReadOnlySpan<float> values, Span<byte> digits)
    {
        Vector256<float> magnitudes = Vector256<float>.Zero;
        for (int i = 0; i < Length; i += 8) magnitudes = Vector256.MaxNative(magnitudes, Vector256.Abs(Vector256.Create(values[i..])));
        float largest = 0;
        for (int i = 0; i < 8; i++) largest = largest > magnitudes[i] ? largest : magnitudes[i];
        var inverse = Vector256.Create(largest != 0 ? 1 / largest : 0);
        for (int i = 0; i < Length; i += 32)
        {
            Vector256<short> lower = Vector256.Narrow(Digit(values[i..], inverse), Digit(values[(i + 8)..], inverse)), upper = Vector256.Narrow(Digit(values[(i + 16)..], inverse), Digit(values[(i + 24)..], inverse));
            Vector256.Narrow(lower, upper).AsByte().CopyTo(digits[i..]);
        }
        return largest;
    }

    // Halves are rounded away from zero; where the inverse overflows all are zeros.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Digit(ReadOnlySpan<float> values, Vector256<float> inverse)
    {
        Vector256<float> scaled = Vector256.Create(values) * inverse, magnitude = Vector256.Abs(scaled);
        Vector256<float> counts = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0.5f)) & Vector256.LessThan(magnitude, Vector256.Create(2f));
        Vector256<int> sign = (scaled.AsInt32() >> 31) | Vector256<int>.One;
        return Vector256<int>.One + (sign & counts.AsInt32());
    }

    // 160 digits in 32 bytes, 80 in 16, and 16 in 4, whose fifth digit is 0.
    private static void Fives(ReadOnlySpan<byte> digits, Span<byte> block)
    {
        Numbers(digits, 32, block);
        Numbers(digits[16..], 32, block[16..]);
        Numbers(digits[160..], 16, block[32..]);
        for (int i = 0; i < 4; i++) block[48 + i] = (byte)(3 * ((((((digits[240 + i] * 3) + digits[244 + i]) * 3) + digits[248 + i]) * 3) + digits[252 + i]));
        for (int i = 0; i < 52; i++) block[i] = Packed[block[i]];
    }

    private static void Numbers(ReadOnlySpan<byte> digits, int stride, Span<byte> numbers)
    {
        Vector128<byte> number = Vector128.Create(digits);
        for (int digit = 1; digit < 5; digit++) number = number + number + number + Vector128.Create(digits[(digit * stride)..]);
        number.CopyTo(numbers);
    }
}
