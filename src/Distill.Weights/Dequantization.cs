namespace Distill.Weights;

/// <summary>GGUF blocks back to single precision, with ggml's arithmetic.</summary>
internal static unsafe class Dequantization
{
    /// <summary>Whether elements of the type can be read.</summary>
    public static bool Supports(GgufTensorType type) => type.Plain() is { } plain ? plain.IsFloat() : BlockDecoding.Supports(type);

    /// <summary>Reads elements <c>[start, start + destination.Length)</c> of the tensor at <paramref name="source"/>.</summary>
    public static void Read(GgufTensorType type, byte* source, long start, Span<float> destination)
    {
        if (type.Plain() is { } plain) ReadPlain(plain, source, start, destination);
        else ReadBlocks(type, source, start, destination);
    }

    private static void ReadPlain(TensorType type, byte* source, long start, Span<float> destination)
    {
        int size = type.ByteSize();
        const int chunk = 1 << 24; // a span counts bytes in 32 bits, a caller may ask for more
        for (int done = 0; done < destination.Length; done += chunk)
        {
            int count = Math.Min(chunk, destination.Length - done);
            FloatConversion.ToSingle(type, new ReadOnlySpan<byte>(source + ((start + done) * size), count * size), destination.Slice(done, count));
        }
    }

    private static void ReadBlocks(GgufTensorType type, byte* source, long start, Span<float> destination)
    {
        int blockSize = type.BlockSize(), blockBytes = type.BlockBytes();
        Span<float> partial = stackalloc float[blockSize];
        for (int done = 0; done < destination.Length;)
        {
            (long block, long first) = Math.DivRem(start + done, blockSize);
            var bytes = new ReadOnlySpan<byte>(source + (block * blockBytes), blockBytes);
            int count = Math.Min(blockSize - (int)first, destination.Length - done);
            if (count == blockSize)
            {
                BlockDecoding.Decode(type, bytes, destination.Slice(done, count));
            }
            else
            {
                BlockDecoding.Decode(type, bytes, partial);
                partial.Slice((int)first, count).CopyTo(destination[done..]);
            }
            done += count;
        }
    }
}
