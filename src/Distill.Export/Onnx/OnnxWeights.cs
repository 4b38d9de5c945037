using System.Runtime.InteropServices;
using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Onnx;

/// <summary>
/// The weights of a checkpoint as constants of a graph. Shapes are checked when a constant is made; the numbers are read,
/// converted to single precision or to blocks and, where asked, transposed while the file is written, a tile at a time.
/// </summary>
/// <param name="source">The checkpoint.</param>
/// <param name="precision">Precision of matrices; vectors keep theirs.</param>
/// <param name="importance">Measured importance of each column, or null.</param>
/// <param name="cancellation">Stops between tiles.</param>
internal sealed class OnnxWeights(IWeightSource source, OnnxPrecision precision, ImportanceMatrix? importance, CancellationToken cancellation)
{
    private const int TileFloats = 1 << 22, BlockRows = 64;

    private readonly HashSet<string> used = new(StringComparer.Ordinal);

    /// <summary>A weight as it stands in the checkpoint.</summary>
    public OnnxTensor Plain(string name, string weight, params long[] shape)
    {
        TensorInfo info = Find(weight, shape);
        return new OnnxTensor(name, OnnxType.Float, shape, stream => WritePlain(stream, info));
    }

    /// <summary>A linear layer's weight <c>[outputs, inputs]</c> as the <c>[inputs, outputs]</c> that MatMul takes.</summary>
    public OnnxTensor Transposed(string name, string weight, long outputs, long inputs)
    {
        TensorInfo info = Find(weight, [outputs, inputs]);
        return new OnnxTensor(name, OnnxType.Float, [inputs, outputs], stream => WriteTransposed(stream, info));
    }

    /// <summary>A matrix in blocks, or null where it stays in single precision: its rows may be no whole blocks.</summary>
    /// <param name="name">Name of the constant.</param>
    /// <param name="weight">Name in the checkpoint.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="inputs">Columns.</param>
    /// <param name="isVocabulary">Whether it is the embedding or the head, which cost most when they are rounded.</param>
    public BlockMatrix? Blocks(string name, string weight, long outputs, long inputs, bool isVocabulary = false)
    {
        if (precision == OnnxPrecision.Fp32 || inputs % BlockMatrix.BlockSize != 0) return null;
        TensorInfo info = Find(weight, [outputs, inputs]);
        int bits = precision == OnnxPrecision.Int4 && !isVocabulary ? 4 : 8;
        return new BlockMatrix(name, outputs, inputs, bits, ImportanceOf(weight, checked((int)inputs)),
            (firstRow, destination) => ReadFinite(info, firstRow * inputs, destination), cancellation);
    }

    // Without a measurement every column counts alike: the scale of the least squared error, not that of the largest value.
    private float[] ImportanceOf(string weight, int columns)
    {
        if (GgufTensorNames.ToGguf(weight, out _) is not { } name || importance?.Entries.GetValueOrDefault(name) is not { } entry) return [.. Enumerable.Repeat(1f, columns)];
        if (entry.Sums.Length == columns) return entry.Means();
        throw new InputException($"{importance.Source}: `{name}` has {entry.Sums.Length} values, this model needs {columns}", "use the imatrix of this model, or `--imatrix auto` to compute it");
    }

    /// <summary>Whether two weights are the same numbers.</summary>
    public bool AreEqual(string first, string second)
    {
        if (!source.TryGet(first, out TensorInfo? a) || !source.TryGet(second, out TensorInfo? b)) return false;
        if (!a.Shape.SequenceEqual(b.Shape)) return false;
        float[] left = new float[TileFloats], right = new float[TileFloats];
        for (long start = 0; start < a.ElementCount; start += TileFloats)
        {
            int count = (int)Math.Min(TileFloats, a.ElementCount - start);
            source.ReadFloats(a, start, left.AsSpan(0, count));
            source.ReadFloats(b, start, right.AsSpan(0, count));
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count))) return false;
        }
        return true;
    }

    /// <summary>Whether the checkpoint has a weight of that name; counts as using it.</summary>
    public bool Has(string weight) => source.TryGet(weight, out _) && (used.Add(weight) || true);

    /// <summary>Refuses a checkpoint with weights that no node uses: the graph would be another model.</summary>
    /// <exception cref="InputException">A weight was not used.</exception>
    public void RefuseUnused(string architecture)
    {
        TensorInfo? unused = source.Tensors.FirstOrDefault(tensor =>
            !used.Contains(tensor.Name) && !tensor.Name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)); // old checkpoints carry the frequencies
        if (unused is null) return;
        throw new InputException($"{source.Path}: tensor `{unused.Name}` has no place in {architecture}",
            "check that config.json and the weights belong to the same model");
    }

    private TensorInfo Find(string weight, IReadOnlyList<long> shape)
    {
        if (!source.TryGet(weight, out TensorInfo? info))
            throw new InputException($"{source.Path}: tensor `{weight}` is missing", "check that config.json and the weights belong to the same model");
        if (!info.Shape.SequenceEqual(shape))
            throw new InputException($"{source.Path}: tensor `{weight}` is {info.ShapeText}, config.json asks for [{string.Join(", ", shape)}]",
                "check that config.json and the weights belong to the same model");
        if (!info.Type.IsFloat())
            throw new InputException($"{source.Path}: tensor `{weight}` holds {info.Type.SafetensorsName()}, not floating-point numbers", "export the unquantized model");
        used.Add(weight);
        return info;
    }

    private void ReadFinite(TensorInfo info, long start, Span<float> values)
    {
        source.ReadFloats(info, start, values);
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw new InputException($"{source.Path}: tensor `{info.Name}` holds {values[i]} (element {start + i})", "the weights are damaged: train again from an earlier checkpoint");
        }
    }

    private void WritePlain(Stream stream, TensorInfo info)
    {
        float[] tile = new float[Math.Min(TileFloats, info.ElementCount)];
        for (long start = 0; start < info.ElementCount; start += tile.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<float> part = tile.AsSpan(0, (int)Math.Min(tile.Length, info.ElementCount - start));
            ReadFinite(info, start, part);
            stream.Write(MemoryMarshal.AsBytes(part));
        }
    }

    // A tile is a band of the result's rows, that is of the checkpoint's columns; it is filled from blocks of rows so that
    // both sides touch whole cache lines.
    private void WriteTransposed(Stream stream, TensorInfo info)
    {
        int outputs = checked((int)info.Shape[0]), inputs = checked((int)info.Shape[1]);
        int band = Math.Clamp(TileFloats / outputs, 1, inputs);
        float[] tile = new float[(long)band * outputs], block = new float[(long)band * BlockRows];
        for (int firstInput = 0; firstInput < inputs; firstInput += band)
        {
            cancellation.ThrowIfCancellationRequested();
            int width = Math.Min(band, inputs - firstInput);
            for (int firstOutput = 0; firstOutput < outputs; firstOutput += BlockRows)
            {
                int rows = Math.Min(BlockRows, outputs - firstOutput);
                for (int row = 0; row < rows; row++)
                    ReadFinite(info, ((long)(firstOutput + row) * inputs) + firstInput, block.AsSpan(row * width, width));
                for (int column = 0; column < width; column++)
                {
                    for (int row = 0; row < rows; row++) tile[((long)column * outputs) + firstOutput + row] = block[(row * width) + column];
                }
            }
            stream.Write(MemoryMarshal.AsBytes(tile.AsSpan(0, width * outputs)));
        }
    }
}
