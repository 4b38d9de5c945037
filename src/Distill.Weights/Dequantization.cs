using System.Buffers;

namespace Distill.Weights;

/// <summary>GGUF tensors back to single precision, with ggml's arithmetic.</summary>
internal static class Dequantization
{
    private const int PieceBlocks = 1024;

    /// <summary>Whether elements of the type can be read.</summary>
    public static bool Supports(GgufTensorType type) => type.Plain() is { } plain ? plain.IsFloat() : BlockDecoding.Supports(type);

    /// <summary>Reads elements <c>[start, start + destination.Length)</c> of a tensor.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="start">First element.</param>
    /// <param name="destination">Receives the values.</param>
    /// <param name="read">Reads bytes of the tensor from a position on.</param>
    public static void Read(GgufTensorType type, long start, Span<float> destination, PieceReader read)
    {
        if (type.Plain() is { } plain)
        {
            FloatConversion.ReadPieces(plain, start, destination, read);
            return;
        }
        int blockSize = type.BlockSize(), blockBytes = type.BlockBytes();
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBlocks * blockBytes);
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                (long block, long first) = Math.DivRem(start + done, blockSize);
                int count = (int)Math.Min((PieceBlocks * (long)blockSize) - first, destination.Length - done);
                Span<byte> bytes = piece.AsSpan(0, (int)((first + count + blockSize - 1) / blockSize) * blockBytes);
                read(block * blockBytes, bytes);
                Decode(type, bytes, (int)first, destination.Slice(done, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    // The first and the last block may be wanted in part only.
    private static void Decode(GgufTensorType type, ReadOnlySpan<byte> bytes, int first, Span<float> destination)
    {
        int blockSize = type.BlockSize(), blockBytes = type.BlockBytes();
        Span<float> partial = stackalloc float[blockSize];
        for (int done = 0, block = 0; done < destination.Length; block++)
        {
            ReadOnlySpan<byte> source = bytes.Slice(block * blockBytes, blockBytes);
            int skip = block == 0 ? first : 0, count = Math.Min(blockSize - skip, destination.Length - done);
            if (count == blockSize)
            {
                BlockDecoding.Decode(type, source, destination.Slice(done, count));
            }
            else
            {
                BlockDecoding.Decode(type, source, partial);
                partial.Slice(skip, count).CopyTo(destination[done..]);
            }
            done += count;
        }
    }
}
