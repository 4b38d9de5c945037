using System.Runtime.CompilerServices;

namespace Distill.Weights;

/// <summary>GGUF blocks back to single precision, with ggml's arithmetic.</summary>
internal static unsafe class Dequantization
{
    private const int Q8BlockSize = 32;
    private const int Q8BlockBytes = 34;

    public static bool Supports(GgufTensorType type) =>
        type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.F64 or GgufTensorType.Q8_0;

    /// <summary>Reads elements <c>[start, start + destination.Length)</c> of the tensor at <paramref name="source"/>.</summary>
    public static void Read(GgufTensorType type, byte* source, long start, Span<float> destination)
    {
        if (type == GgufTensorType.Q8_0)
        {
            ReadQ8(source, start, destination);
            return;
        }
        TensorType plain = type.Plain()!.Value;
        int size = plain.ByteSize();
        const int chunk = 1 << 24; // a span counts bytes in 32 bits, a caller may ask for more
        for (int done = 0; done < destination.Length; done += chunk)
        {
            int count = Math.Min(chunk, destination.Length - done);
            FloatConversion.ToSingle(plain, new ReadOnlySpan<byte>(source + ((start + done) * size), count * size), destination.Slice(done, count));
        }
    }

    // A block: a half scale d, then 32 signed bytes q; x = d * q.
    private static void ReadQ8(byte* source, long start, Span<float> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            long element = start + done;
            byte* block = source + (element / Q8BlockSize * Q8BlockBytes);
            int first = (int)(element % Q8BlockSize), count = Math.Min(Q8BlockSize - first, destination.Length - done);
            float scale = FloatConversion.HalfToSingle(Unsafe.ReadUnaligned<ushort>(block));
            var quants = new ReadOnlySpan<sbyte>(block + 2 + first, count);
            for (int i = 0; i < count; i++) destination[done + i] = scale * quants[i];
            done += count;
        }
    }
}
