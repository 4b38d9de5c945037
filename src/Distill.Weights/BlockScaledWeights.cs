using System.Diagnostics.CodeAnalysis;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// A checkpoint whose matrices are 8-bit floats with one scale for every 128 × 128 block, as DeepSeek-V3 and R1 are published:
/// <c>w[i, j] = float8[i, j] · weight_scale_inv[i / 128, j / 128]</c>. The matrices appear as F32, the scales do not appear; everything
/// else is handed through. Source: DeepSeek-V3 technical report, arXiv:2412.19437, section 3.3.
/// </summary>
public sealed unsafe class BlockScaledWeights : IWeightSource
{
    private const int BlockSize = 128;
    private const string ScaleSuffix = "_scale_inv";

    private readonly IWeightSource _source;
    private readonly Dictionary<string, Scaled> _scaled = new(StringComparer.Ordinal);
    private readonly HashSet<string> _scales = new(StringComparer.Ordinal);
    private readonly MaterializedFloats _made = new();

    private BlockScaledWeights(IWeightSource source)
    {
        _source = source;
        var tensors = new List<TensorInfo>(source.Tensors.Count);
        foreach (TensorInfo tensor in source.Tensors.Where(tensor => tensor.Name.EndsWith(ScaleSuffix, StringComparison.Ordinal))) Register(tensor);
        foreach (TensorInfo tensor in source.Tensors.Where(tensor => !_scales.Contains(tensor.Name)))
            tensors.Add(_scaled.TryGetValue(tensor.Name, out Scaled? scaled) ? scaled.Info : tensor);
        Tensors = tensors;
    }

    /// <inheritdoc/>
    public string Path => _source.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Presents a source, which this then owns; one without block scales is returned as it is.</summary>
    /// <exception cref="InputException">A scale has no matrix, or its shape does not fit.</exception>
    public static IWeightSource Unfold(IWeightSource source)
    {
        try
        {
            return source.Tensors.Any(tensor => tensor.Name.EndsWith(ScaleSuffix, StringComparison.Ordinal)) ? new BlockScaledWeights(source) : source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        info = null;
        if (_scales.Contains(name)) return false;
        if (!_scaled.TryGetValue(name, out Scaled? scaled)) return _source.TryGet(name, out info);
        info = scaled.Info;
        return true;
    }

    /// <inheritdoc/>
    public nint Pointer(TensorInfo info) => _scaled.TryGetValue(info.Name, out Scaled? scaled)
        ? _made.Of(scaled.Info, (start, values) => ReadFloats(scaled.Info, start, values))
        : _source.Pointer(info);

    /// <inheritdoc/>
    public void ReadBytes(TensorInfo info, long start, Span<byte> destination)
    {
        if (_scaled.ContainsKey(info.Name)) new ReadOnlySpan<byte>((byte*)Pointer(info) + start, destination.Length).CopyTo(destination);
        else _source.ReadBytes(info, start, destination);
    }

    /// <inheritdoc/>
    public void ReadFloats(TensorInfo info, long start, Span<float> destination)
    {
        if (!_scaled.TryGetValue(info.Name, out Scaled? scaled))
        {
            _source.ReadFloats(info, start, destination);
            return;
        }
        _source.ReadFloats(scaled.Stored, start, destination);
        long columns = info.Shape[1];
        for (int done = 0; done < destination.Length;)
        {
            (long row, long column) = Math.DivRem(start + done, columns);
            int count = (int)Math.Min(Math.Min(BlockSize - (column % BlockSize), columns - column), destination.Length - done);
            float scale = scaled.Scales.Value[(row / BlockSize * scaled.BlocksAcross) + (column / BlockSize)];
            foreach (ref float value in destination.Slice(done, count)) value *= scale;
            done += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _made.Dispose();
        _source.Dispose();
    }

    private void Register(TensorInfo scales)
    {
        string name = scales.Name[..^ScaleSuffix.Length];
        if (!_source.TryGet(name, out TensorInfo? stored))
            throw new InputException($"{Path}: tensor `{scales.Name}` scales `{name}`, which is missing", "copy or download the checkpoint again");
        if (stored.Type is not (TensorType.F8E4M3 or TensorType.F8E5M2) || stored.Shape.Count != 2)
            throw new InputException($"{Path}: tensor `{name}` has scales but is {stored.Type.SafetensorsName()} of shape {stored.ShapeText}, not a matrix of 8-bit floats", "copy or download the checkpoint again");
        long[] expected = [Blocks(stored.Shape[0]), Blocks(stored.Shape[1])];
        _source.Require(scales.Name, expected);
        _scales.Add(scales.Name);
        _scaled.Add(name, new Scaled(stored with { Type = TensorType.F32 }, stored, new Lazy<float[]>(() => ReadScales(scales)), expected[1]));
    }

    private float[] ReadScales(TensorInfo scales)
    {
        var values = new float[scales.ElementCount];
        _source.ReadFloats(scales, 0, values);
        return values;
    }

    private static long Blocks(long length) => (length + BlockSize - 1) / BlockSize;

    private sealed record Scaled(TensorInfo Info, TensorInfo Stored, Lazy<float[]> Scales, long BlocksAcross);
}
