using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>MXFP4: an exponent for 32 floats of four bits.</summary>
internal static class FourBitFloatBlocks
{
    private const int Length = 32;
    private const int BlockBytes = 17;
    private const int MantissaBits = 23;

    // Of a mantissa this close to the next power of two the logarithm may round up to it.
    private const int NearlyFull = (1 << MantissaBits) - (1 << 12);

    /// <summary>Encodes whole blocks.</summary>
    public static void Encode(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int first = 0; first < source.Length; first += Length)
        {
            ReadOnlySpan<float> values = source.Slice(first, Length);
            Span<byte> block = destination.Slice(first / Length * BlockBytes, BlockBytes);
            Vector256<float> a = Vector256.Create(values), b = Vector256.Create(values[8..]), c = Vector256.Create(values[16..]), d = Vector256.Create(values[24..]);
            block[0] = Exponent(Largest(Vector256.MaxNative(Vector256.MaxNative(Vector256.Abs(a), Vector256.Abs(b)), Vector256.MaxNative(Vector256.Abs(c), Vector256.Abs(d)))));
            float step = GgufCodebook.HalfStep(block[0]);
            // Byte j holds codes j and j + 16.
            Vector256<int> low = Nearest(a, step) | (Nearest(c, step) << 4), high = Nearest(b, step) | (Nearest(d, step) << 4);
            Vector256<ushort> words = Vector256.Narrow(low.AsUInt32(), high.AsUInt32());
            Vector128.Narrow(words.GetLower(), words.GetUpper()).CopyTo(block[1..]);
        }
    }

    // The largest value gets an exponent of 2, the highest there is. The logarithm is rounded to single precision, and only the low byte
    // of what it gives is stored, as in ggml.
    private static byte Exponent(float largest)
    {
        if (!(largest > 0)) return 0;
        int bits = BitConverter.SingleToInt32Bits(largest), exponent = bits >> MantissaBits;
        if (exponent > 0 && (bits & ((1 << MantissaBits) - 1)) < NearlyFull) return unchecked((byte)(exponent - 2)); // the bias is the same
        return unchecked((byte)(int)(MathF.Floor((float)Math.Log2(largest)) - 2 + 127));
    }

    // The codes are 0, 1, 2, 3, 4, 6, 8 and 12 steps, then the same below zero. Steps are powers of two and all differences of neighbours exact, so
    // the first of the nearest is told by the middles between them: in the middle the smaller one comes first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nearest(Vector256<float> value, float step)
    {
        Vector256<float> magnitude = Vector256.Abs(value);
        Vector256<int> below = Over(magnitude, 0.5f * step) + Over(magnitude, 1.5f * step) + Over(magnitude, 2.5f * step) + Over(magnitude, 3.5f * step)
            + Over(magnitude, 5 * step) + Over(magnitude, 7 * step) + Over(magnitude, 10 * step); // a mask is -1
        Vector256<int> negative = Vector256.LessThan(value, Vector256<float>.Zero).AsInt32() & ~Vector256.Equals(below, Vector256<int>.Zero) & Vector256.Create(8);
        return negative - below;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Over(Vector256<float> magnitude, float middle) => Vector256.GreaterThan(magnitude, Vector256.Create(middle)).AsInt32();

    private static float Largest(Vector256<float> values)
    {
        Vector128<float> four = Vector128.MaxNative(values.GetLower(), values.GetUpper());
        Vector128<float> two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
