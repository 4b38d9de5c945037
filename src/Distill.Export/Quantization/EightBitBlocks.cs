using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Q8_0: a half scale d = max|x| / 127, then 32 bytes round(x / d), halves away from zero.</summary>
internal static class EightBitBlocks
{
    private const int BlockSize = 32;

    // Just below one half: adding it and truncating rounds half away from zero, also for the float just below one half.
    private const float AlmostHalf = 0.49999997f;

    /// <summary>Encodes whole blocks.</summary>
    public static void Encode(ReadOnlySpan<float> source, Span<byte> destination)
    {
        int blockBytes = GgufTensorType.Q8_0.BlockBytes();
        for (int block = 0; block * BlockSize < source.Length; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * BlockSize, BlockSize);
            Span<byte> target = destination.Slice(block * blockBytes, blockBytes);
            float scale = MaxMagnitude(values) / 127;
            float inverse = scale != 0 ? 1 / scale : 0;
            BinaryPrimitives.WriteUInt16LittleEndian(target, FloatConversion.SingleToHalf(scale));
            RoundScaled(values, inverse, MemoryMarshal.Cast<byte, sbyte>(target[2..]));
        }
    }

    private static float MaxMagnitude(ReadOnlySpan<float> values)
    {
        Vector<float> largest = Vector<float>.Zero;
        for (int i = 0; i < values.Length; i += Vector<float>.Count) largest = Vector.Max(largest, Vector.Abs(new Vector<float>(values[i..])));
        float result = 0;
        for (int i = 0; i < Vector<float>.Count; i++) result = MathF.Max(result, largest[i]);
        return result;
    }

    private static void RoundScaled(ReadOnlySpan<float> values, float inverse, Span<sbyte> destination)
    {
        Span<int> rounded = stackalloc int[BlockSize];
        var limit = new Vector<float>(128);
        for (int i = 0; i < values.Length; i += Vector<float>.Count)
        {
            Vector<float> scaled = new Vector<float>(values[i..]) * inverse;
            // A scale below 2^-128 has no finite inverse. C leaves the conversion of what results open; ggml's builds give 0.
            scaled = Vector.ConditionalSelect(Vector.LessThan(Vector.Abs(scaled), limit), scaled, Vector<float>.Zero);
            Vector<float> half = Vector.CopySign(new Vector<float>(AlmostHalf), scaled);
            Vector.ConvertToInt32(scaled + half).CopyTo(rounded[i..]);
        }
        for (int i = 0; i < destination.Length; i++) destination[i] = (sbyte)rounded[i];
    }
}
