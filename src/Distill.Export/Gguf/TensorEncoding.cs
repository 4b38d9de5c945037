using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>Streams one planned tensor into a file, some rows at a time, refusing values that the file could not hold.</summary>
internal static class TensorEncoding
{
    private const int PieceElements = 1 << 20;
    private const uint Infinity = 0x7F80_0000;

    /// <summary>Encodes and writes a tensor.</summary>
    /// <param name="tensor">What to write.</param>
    /// <param name="type">Its type in the file.</param>
    /// <param name="stream">Receives the bytes.</param>
    /// <param name="sourcePath">The checkpoint, for messages.</param>
    /// <param name="cancellation">Checked between pieces.</param>
    /// <exception cref="InputException">A value is NaN or infinite, or too large for the type.</exception>
    public static void Write(PlannedTensor tensor, GgufTensorType type, Stream stream, string sourcePath, CancellationToken cancellation)
    {
        long rowsAtOnce = Math.Clamp(PieceElements / tensor.RowLength, 1, Math.Max(tensor.Rows, 1));
        int pieceLength = checked((int)(rowsAtOnce * tensor.RowLength));
        float[] values = ArrayPool<float>.Shared.Rent(pieceLength);
        byte[] encoded = ArrayPool<byte>.Shared.Rent(checked((int)type.ByteCount(pieceLength)));
        try
        {
            for (long row = 0; row < tensor.Rows; row += rowsAtOnce)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<float> piece = values.AsSpan(0, (int)(Math.Min(rowsAtOnce, tensor.Rows - row) * tensor.RowLength));
                tensor.ReadRows(row, piece);
                RefuseNonFinite(tensor, piece, row, sourcePath);
                Span<byte> bytes = encoded.AsSpan(0, (int)type.ByteCount(piece.Length));
                BlockQuantizer.Encode(type, piece, (int)tensor.RowLength, [], bytes);
                RefuseOverflow(tensor, type, piece, bytes, row, sourcePath);
                stream.Write(bytes);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }

    private static void RefuseNonFinite(PlannedTensor tensor, ReadOnlySpan<float> values, long firstRow, string sourcePath)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        if (LargestMagnitude(bits) < Infinity) return;
        int index = 0;
        while ((bits[index] & 0x7FFF_FFFF) < Infinity) index++;
        throw new InputException($"{sourcePath}: tensor `{tensor.Source}` holds {values[index]} (element {(firstRow * tensor.RowLength) + index} of `{tensor.Name}`)",
            "the weights are damaged: train again from an earlier checkpoint");
    }

    private static void RefuseOverflow(PlannedTensor tensor, GgufTensorType type, ReadOnlySpan<float> values, ReadOnlySpan<byte> encoded, long firstRow, string sourcePath)
    {
        long block = BlockQuantizer.FirstOverflow(type, encoded);
        if (block < 0) return;
        int first = checked((int)block * type.BlockSize()), largest = first;
        for (int i = first; i < first + type.BlockSize(); i++) largest = MathF.Abs(values[i]) > MathF.Abs(values[largest]) ? i : largest;
        throw new InputException(
            $"{sourcePath}: tensor `{tensor.Source}` holds {values[largest]}, too large for {type} (element {(firstRow * tensor.RowLength) + largest} of `{tensor.Name}`)",
            "export as BF16 or F32");
    }

    // Without their sign bit, the bits of floats order like their magnitudes, infinity and NaN last.
    private static uint LargestMagnitude(ReadOnlySpan<uint> bits)
    {
        Vector<uint> largest = Vector<uint>.Zero, magnitude = new(0x7FFF_FFFF);
        int i = 0;
        for (; i <= bits.Length - Vector<uint>.Count; i += Vector<uint>.Count) largest = Vector.Max(largest, new Vector<uint>(bits[i..]) & magnitude);
        uint result = 0;
        for (int lane = 0; lane < Vector<uint>.Count; lane++) result = Math.Max(result, largest[lane]);
        for (; i < bits.Length; i++) result = Math.Max(result, bits[i] & 0x7FFF_FFFF);
        return result;
    }
}
