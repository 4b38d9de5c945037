using System.Runtime.InteropServices;
using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Moves the values of a tensor to and from a file, a piece at a time, on whatever device it is.</summary>
public static class TensorBytes
{
    // A span holds at most 2 GB, an embedding may be larger: whole rows at a time.
    private const long PieceLength = 16 << 20;

    /// <summary>Writes a tensor.</summary>
    /// <param name="tensor">Its values.</param>
    /// <param name="stream">Receives them.</param>
    /// <param name="type">Format on disk: 32-bit floats, 16 bits of one of two kinds, or whole numbers of 8 or 16 bits.</param>
    public static void Write(Tensor tensor, Stream stream, TensorType type = TensorType.F32)
    {
        ScalarType scalar = type switch
        {
            TensorType.F32 => ScalarType.Float32,
            TensorType.BF16 => ScalarType.BFloat16,
            TensorType.F16 => ScalarType.Float16,
            TensorType.I8 => ScalarType.Int8,
            TensorType.I16 => ScalarType.Int16,
            _ => throw new ArgumentException($"tensors are not written as {type}", nameof(type)),
        };
        using var none = no_grad();
        foreach ((long row, long rows) in Pieces(tensor))
        {
            using var scope = NewDisposeScope();
            stream.Write(tensor.narrow(0, row, rows).to(scalar).cpu().contiguous().bytes);
        }
    }

    /// <summary>Fills a tensor from a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">Name of the tensor in the file.</param>
    /// <param name="tensor">Receives the values; its shape must be the file's.</param>
    /// <exception cref="InputException">The file lacks the tensor or holds another shape.</exception>
    public static void Read(IWeightSource source, string name, Tensor tensor)
    {
        TensorInfo info = source.Require(name, tensor.shape);
        using var none = no_grad();
        long start = 0;
        foreach ((long row, long rows) in Pieces(tensor))
        {
            using var scope = NewDisposeScope();
            Tensor target = tensor.narrow(0, row, rows);
            if (info.Type is TensorType.I8 or TensorType.I16)
            {
                Tensor numbers = empty(target.shape, info.Type == TensorType.I8 ? ScalarType.Int8 : ScalarType.Int16);
                source.ReadBytes(info, start, numbers.bytes);
                target.copy_(numbers);
                start += numbers.bytes.Length;
                continue;
            }
            bool direct = Aten.IsFloat32OnCpu(target) && target.is_contiguous();
            Tensor piece = direct ? target : empty(target.shape, ScalarType.Float32);
            Span<float> values = MemoryMarshal.Cast<byte, float>(piece.bytes);
            source.ReadFloats(info, start, values);
            if (!direct) target.copy_(piece);
            start += values.Length;
        }
    }

    /// <summary>Reads some rows of a matrix as 32-bit floats.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">Name of the tensor in the file.</param>
    /// <param name="rows">Rows that it must have.</param>
    /// <param name="columns">Columns that it must have.</param>
    /// <param name="first">First row to read.</param>
    /// <param name="count">Rows to read.</param>
    /// <exception cref="InputException">The file lacks the tensor or holds another shape.</exception>
    public static Tensor ReadRows(IWeightSource source, string name, long rows, long columns, long first, long count)
    {
        TensorInfo info = source.Require(name, [rows, columns]);
        Tensor values = empty([count, columns], ScalarType.Float32);
        source.ReadFloats(info, first * columns, MemoryMarshal.Cast<byte, float>(values.bytes));
        return values;
    }

    private static IEnumerable<(long Row, long Rows)> Pieces(Tensor tensor)
    {
        long rows = tensor.shape[0], atOnce = Math.Max(1, PieceLength * rows / Math.Max(1, tensor.numel()));
        for (long row = 0; row < rows; row += atOnce) yield return (row, Math.Min(atOnce, rows - row));
    }
}
