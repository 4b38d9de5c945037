using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>MXFP4: an exponent for 32 floats of four bits.</summary>
internal static class FourBitFloatBlocks
{
    private const int Length = 32;
    private const int BlockBytes = 17;

    /// <summary>Encodes whole blocks.</summary>
    public static void Encode(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> codes = stackalloc byte[Length];
        for (int first = 0; first < source.Length; first += Length)
        {
            ReadOnlySpan<float> values = source.Slice(first, Length);
            Span<byte> block = destination.Slice(first / Length * BlockBytes, BlockBytes);
            Vector256<float> largest = Vector256<float>.Zero;
            for (int i = 0; i < Length; i += 8) largest = Vector256.MaxNative(largest, Vector256.Abs(Vector256.Create(values[i..])));
            block[0] = Exponent(Largest(largest));
            var step = Vector256.Create(GgufCodebook.HalfStep(block[0]));
            for (int i = 0; i < Length; i += 8)
            {
                Vector256<int> nearest = Nearest(Vector256.Create(values[i..]), step);
                for (int j = 0; j < 8; j++) codes[i + j] = (byte)nearest[j];
            }
            BlockPacking.HalfNibbles(codes, block[1..]);
        }
    }

    // The largest value gets an exponent of 2, the highest there is. The logarithm is rounded to single precision, and only the low byte
    // of what it gives is stored, as in ggml.
    private static byte Exponent(float largest) => largest > 0 ? unchecked((byte)(int)(MathF.Floor((float)Math.Log2(largest)) - 2 + 127)) : (byte)0;

    // The first of the nearest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nearest(Vector256<float> value, Vector256<float> step)
    {
        ReadOnlySpan<float> codebook = GgufCodebook.FourBitFloats;
        Vector256<float> least = Vector256.Abs(value);
        Vector256<int> best = Vector256<int>.Zero;
        for (int code = 1; code < codebook.Length; code++)
        {
            Vector256<float> error = Vector256.Abs((Vector256.Create(codebook[code]) * step) - value), better = Vector256.LessThan(error, least);
            least = Vector256.ConditionalSelect(better, error, least);
            best = Vector256.ConditionalSelect(better.AsInt32(), Vector256.Create(code), best);
        }
        return best;
    }

    private static float Largest(Vector256<float> values)
    {
        float largest = 0;
        for (int i = 0; i < 8; i++) largest = largest > values[i] ? largest : values[i];
        return largest;
    }
}
