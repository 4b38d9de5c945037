using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Single precision to the types of GGUF, bit for bit as ggml's reference code does it (its ggml-base library, without
/// fused multiply-add): every operation is one rounded IEEE operation, so vector lanes give the same bytes.
/// </summary>
internal static class BlockQuantizer
{
    private const int Q8BlockSize = 32;

    // Just below one half: adding it and truncating rounds half away from zero, also for the float just below one half.
    private const float AlmostHalf = 0.49999997f;

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="type">Target type.</param>
    /// <param name="source">Finite values, a whole number of blocks.</param>
    /// <param name="destination">Receives exactly the blocks' bytes.</param>
    public static void Encode(GgufTensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (destination.Length != type.ByteCount(source.Length) || source.Length % type.BlockSize() != 0) throw new ArgumentException("lengths disagree", nameof(destination));
        switch (type)
        {
            case GgufTensorType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case GgufTensorType.F16:
                FloatConversion.SingleToHalf(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case GgufTensorType.BF16:
                FloatConversion.SingleToBFloat16(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case GgufTensorType.Q8_0:
                EncodeQ8(source, destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "cannot be written");
        }
    }

    /// <summary>The largest magnitude that a type can hold; above it the stored scale or value would be infinite.</summary>
    public static float Limit(GgufTensorType type) => type switch
    {
        GgufTensorType.F16 => MathF.BitDecrement(65520), // rounds to 65504, the largest half
        GgufTensorType.Q8_0 => MathF.BitDecrement(65520) * 127,
        GgufTensorType.BF16 => BitConverter.UInt32BitsToSingle(0x7F7F_7FFF), // rounds to the largest bfloat16
        _ => float.MaxValue,
    };

    // A block: half scale d = max|x| / 127, then 32 bytes round(x / d), halves away from zero.
    private static void EncodeQ8(ReadOnlySpan<float> source, Span<byte> destination)
    {
        int blockBytes = GgufTensorType.Q8_0.BlockBytes();
        for (int block = 0; block * Q8BlockSize < source.Length; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Q8BlockSize, Q8BlockSize);
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
        Span<int> rounded = stackalloc int[Q8BlockSize];
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
