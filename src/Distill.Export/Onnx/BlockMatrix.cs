using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Distill.Export.Quantization;
using Distill.Weights;

namespace Distill.Export.Onnx;

/// <summary>Reads whole rows of a checked weight; refuses what is not finite.</summary>
internal delegate void FiniteRows(long firstRow, Span<float> destination);

/// <summary>
/// A weight <c>[outputs, inputs]</c> in blocks of 32 columns with a scale each, as ONNX Runtime's <c>MatMulNBits</c> and <c>GatherBlockQuantized</c>
/// take it. The levels and scales are those of GGUF's Q4_0 and Q8_0, found with the same importance of the columns.
/// </summary>
internal sealed class BlockMatrix
{
    /// <summary>Columns that share a scale.</summary>
    public const int BlockSize = 32;

    private const int TileFloats = 1 << 22;

    private readonly FiniteRows _read;
    private readonly float[] _importance;
    private readonly CancellationToken _cancellation;
    private float[]? _scales; // from when the levels are written until the scales are, which comes next

    /// <summary>Describes the matrix; nothing is read yet.</summary>
    /// <param name="name">Name of the levels; the scales get a suffix.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="inputs">Columns, a multiple of 32.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="importance">How much the error in each column counts.</param>
    /// <param name="read">Reads rows.</param>
    /// <param name="cancellation">Stops between tiles.</param>
    public BlockMatrix(string name, long outputs, long inputs, int bits, float[] importance, FiniteRows read, CancellationToken cancellation)
    {
        (Outputs, Inputs, Bits, _importance, _read, _cancellation) = (outputs, inputs, bits, importance, read, cancellation);
        Levels = new OnnxTensor($"{name}_Q{bits}", OnnxType.UInt8, [outputs, inputs / BlockSize, BlockSize * bits / 8], stream => _scales = Encode(stream));
        Scales = new OnnxTensor($"{name}_scales", OnnxType.Float, [outputs, inputs / BlockSize], stream =>
        {
            stream.Write(MemoryMarshal.AsBytes<float>(_scales ?? Encode(Stream.Null)));
            _scales = null;
        });
    }

    public long Outputs { get; }

    public long Inputs { get; }

    public int Bits { get; }

    /// <summary>Unsigned levels, <c>[outputs, blocks, bytes]</c>; two to a byte in four bits, the even one low. The middle level, 8 or 128, is zero.</summary>
    public OnnxTensor Levels { get; }

    /// <summary>What a level is worth, <c>[outputs, blocks]</c>.</summary>
    public OnnxTensor Scales { get; }

    private float[] Encode(Stream levels)
    {
        int columns = checked((int)Inputs), blocks = columns / BlockSize, rowBytes = columns * Bits / 8;
        int rowsAtOnce = (int)Math.Clamp(TileFloats / columns, 1, Outputs), parts = Math.Min(Environment.ProcessorCount, rowsAtOnce);
        var scales = new float[Outputs * blocks];
        var tile = new byte[(long)rowsAtOnce * rowBytes];
        for (long first = 0; first < Outputs; first += rowsAtOnce)
        {
            _cancellation.ThrowIfCancellationRequested();
            int rows = (int)Math.Min(rowsAtOnce, Outputs - first), each = (rows + parts - 1) / parts;
            var failures = new System.Collections.Concurrent.ConcurrentBag<(long Row, Exception Failure)>();
            Parallel.For(0, parts, part =>
            {
                int start = Math.Min(part * each, rows), count = Math.Min(each, rows - start);
                if (count <= 0) return;
                try
                {
                    EncodeRows(first + start, tile.AsSpan(start * rowBytes, count * rowBytes), scales.AsSpan(checked((int)((first + start) * blocks)), count * blocks));
                }
                catch (Exception e)
                {
                    failures.Add((first + start, e));
                }
            });
            if (!failures.IsEmpty) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures.MinBy(failure => failure.Row).Failure);
            levels.Write(tile.AsSpan(0, rows * rowBytes));
        }
        return scales;
    }

    private void EncodeRows(long firstRow, Span<byte> levels, Span<float> scales)
    {
        GgufTensorType type = Bits == 4 ? GgufTensorType.Q4_0 : GgufTensorType.Q8_0;
        int columns = (int)Inputs;
        var values = new float[scales.Length * BlockSize];
        var encoded = new byte[type.ByteCount(values.Length)];
        _read(firstRow, values);
        BlockQuantizer.Encode(type, values, columns, Bits == 4 ? _importance : [], encoded);
        int from = type.BlockBytes(), to = BlockSize * Bits / 8;
        for (int i = 0; i < scales.Length; i++)
        {
            ReadOnlySpan<byte> block = encoded.AsSpan(i * from, from);
            scales[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
            if (Bits == 4) PairNeighbours(block[2..], levels.Slice(i * to, to));
            else Shift(block[2..], levels.Slice(i * to, to));
        }
    }

    // GGUF pairs level j with j + 16 in a byte, ONNX Runtime 2j with 2j + 1.
    private static void PairNeighbours(ReadOnlySpan<byte> halves, Span<byte> neighbours)
    {
        for (int i = 0; i < 8; i++)
        {
            neighbours[i] = (byte)((halves[2 * i] & 15) | (halves[(2 * i) + 1] << 4));
            neighbours[i + 8] = (byte)((halves[2 * i] >> 4) | (halves[(2 * i) + 1] & 0xF0));
        }
    }

    // From signed levels to levels around 128.
    private static void Shift(ReadOnlySpan<byte> signed, Span<byte> unsigned)
    {
        for (int i = 0; i < BlockSize; i++) unsigned[i] = (byte)(signed[i] ^ 0x80);
    }
}
