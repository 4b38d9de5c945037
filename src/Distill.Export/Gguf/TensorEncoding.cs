using System.Numerics;
using System.Runtime.InteropServices;
using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Fills a GGUF file: several threads take pieces of tensors, each reads its rows, quantises them and writes the blocks at
/// their place, so reading, computing and writing overlap and memory stays bounded by one piece per thread.
/// </summary>
internal sealed class TensorEncoding
{
    // Values and blocks of all pieces at work together; a piece is at least a row.
    private const long ElementsAtOnce = 1 << 24;
    private const int LargestPiece = 1 << 20;
    private const uint Infinity = 0x7F80_0000;

    private readonly GgufFilePlan _plan;
    private readonly int _first;
    private readonly GgufPieces _pieces;
    private readonly int _pieceElements;
    private readonly float[]?[] _importance;
    private readonly long[] _rowsLeft;
    private readonly IProgress<ProgressEvent>? _progress;
    private int _finished;

    /// <summary>Prepares to fill a file.</summary>
    /// <param name="plan">The model.</param>
    /// <param name="tensors">Those of its tensors that the file holds.</param>
    /// <param name="pieces">The file.</param>
    /// <param name="progress">Receives one event per tensor.</param>
    public TensorEncoding(GgufFilePlan plan, Range tensors, GgufPieces pieces, IProgress<ProgressEvent>? progress)
    {
        (_plan, _pieces, _progress) = (plan, pieces, progress);
        (_first, int count) = tensors.GetOffsetAndLength(plan.Layouts.Count);
        _finished = _first;
        _pieceElements = (int)Math.Min(LargestPiece, ElementsAtOnce / Math.Max(plan.Settings.Threads, 1));
        _rowsLeft = [.. plan.Source.Tensors.Skip(_first).Take(count).Select(tensor => tensor.Rows)];
        _importance = [.. plan.Layouts.Skip(_first).Take(count).Select(layout =>
            BlockQuantizer.UsesImportance(layout.Type) && layout.Name != "token_embd.weight" ? plan.Settings.Importance?.Entries.GetValueOrDefault(layout.Name)?.Means() : null)];
    }

    /// <summary>Fills it.</summary>
    /// <exception cref="InputException">A value is NaN or infinite, or too large for its type.</exception>
    public void Run(CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(_plan.Settings.Threads, 1), CancellationToken = cancellation };
        try
        {
            Parallel.ForEach(System.Collections.Concurrent.Partitioner.Create(Pieces(), System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering),
                options, () => new Buffers(), (piece, _, buffers) => Encode(piece, buffers), _ => { });
        }
        catch (AggregateException e) when (e.Flatten().InnerExceptions.FirstOrDefault() is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    // In file order. A piece never crosses from one expert to the next, whose columns count differently.
    private IEnumerable<Piece> Pieces()
    {
        for (int index = 0; index < _rowsLeft.Length; index++)
        {
            PlannedTensor tensor = _plan.Source.Tensors[_first + index];
            long rowsOfMatrix = tensor.Shape.Count == 1 ? 1 : tensor.Shape[^2];
            long rowsAtOnce = Math.Clamp(_pieceElements / Math.Max(tensor.RowLength, 1), 1, Math.Max(rowsOfMatrix, 1));
            for (long matrix = 0; matrix < tensor.Rows; matrix += rowsOfMatrix)
            {
                for (long row = matrix; row < matrix + rowsOfMatrix; row += rowsAtOnce)
                    yield return new Piece(index, tensor, row, (int)Math.Min(rowsAtOnce, matrix + rowsOfMatrix - row), matrix / rowsOfMatrix);
            }
        }
    }

    private Buffers Encode(Piece piece, Buffers buffers)
    {
        (int index, PlannedTensor tensor, long firstRow, int rows, long matrix) = piece;
        GgufTensorLayout layout = _plan.Layouts[_first + index];
        int rowLength = checked((int)tensor.RowLength);
        Span<float> values = buffers.Values(rows * rowLength);
        Span<byte> blocks = buffers.Blocks((int)layout.Type.ByteCount(values.Length));
        tensor.ReadRows(firstRow, values);
        RefuseNonFinite(tensor, values, firstRow);
        ReadOnlySpan<float> importance = _importance[index] is { } all ? all.AsSpan(checked((int)matrix * rowLength), rowLength) : default;
        BlockQuantizer.Encode(layout.Type, values, rowLength, importance, blocks);
        RefuseOverflow(tensor, layout.Type, values, blocks, firstRow);
        _pieces.Write(index, layout.Type.ByteCount(firstRow * tensor.RowLength), blocks);
        if (Interlocked.Add(ref _rowsLeft[index], -rows) == 0)
            _progress?.Report(new ProgressEvent($"export {_plan.Type}", Interlocked.Increment(ref _finished), _plan.Layouts.Count, "tensors", tensor.Name));
        return buffers;
    }

    private void RefuseNonFinite(PlannedTensor tensor, ReadOnlySpan<float> values, long firstRow)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        if (LargestMagnitude(bits) < Infinity) return;
        int index = 0;
        while ((bits[index] & 0x7FFF_FFFF) < Infinity) index++;
        throw new InputException($"{_plan.Source.Path}: tensor `{tensor.Source}` holds {values[index]} (element {(firstRow * tensor.RowLength) + index} of `{tensor.Name}`)",
            "the weights are damaged: train again from an earlier checkpoint");
    }

    private void RefuseOverflow(PlannedTensor tensor, GgufTensorType type, ReadOnlySpan<float> values, ReadOnlySpan<byte> encoded, long firstRow)
    {
        long block = BlockQuantizer.FirstOverflow(type, encoded);
        if (block < 0) return;
        int first = checked((int)block * type.BlockSize()), largest = first;
        for (int i = first; i < first + type.BlockSize(); i++) largest = MathF.Abs(values[i]) > MathF.Abs(values[largest]) ? i : largest;
        throw new InputException(
            $"{_plan.Source.Path}: tensor `{tensor.Source}` holds {values[largest]}, too large for {type} (element {(firstRow * tensor.RowLength) + largest} of `{tensor.Name}`)",
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

    /// <summary>Neighbouring rows of one matrix of a tensor.</summary>
    private readonly record struct Piece(int Index, PlannedTensor Tensor, long FirstRow, int Rows, long Matrix);

    /// <summary>One thread's memory, kept from piece to piece.</summary>
    private sealed class Buffers
    {
        private float[] _values = [];
        private byte[] _blocks = [];

        public Span<float> Values(int length)
        {
            if (_values.Length < length) _values = new float[length];
            return _values.AsSpan(0, length);
        }

        public Span<byte> Blocks(int length)
        {
            if (_blocks.Length < length) _blocks = new byte[length];
            return _blocks.AsSpan(0, length);
        }
    }
}
