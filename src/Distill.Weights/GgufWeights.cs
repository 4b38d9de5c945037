using System.Diagnostics.CodeAnalysis;
using Distill.Runs;

namespace Distill.Weights;

/// <summary>
/// A GGUF file under Hugging Face's tensor names, so that a model loads from it as from a checkpoint. Experts are unstacked,
/// <c>kv_b_proj</c> is put together again, and the rows of Llama's queries and keys are put back in the checkpoint's order. Plain floats
/// are handed out as they lie in the file; quantised tensors appear as F32. A tied output head is absent, as in a checkpoint.
/// </summary>
public sealed unsafe class GgufWeights : IWeightSource
{
    private const string Reordered = "llama";

    private static readonly string[] Architectures = [Reordered, "qwen2", "qwen3", "deepseek2"];

    private readonly GgufReader _reader;
    private readonly bool _ownsReader;
    private readonly int _queryHeads, _keyHeads; // of an architecture whose rows have another order here, else 0
    private readonly Dictionary<string, Origin> _byName = new(StringComparer.Ordinal);
    private readonly List<TensorInfo> _tensors = [];
    private readonly MaterializedFloats _made = new();

    /// <summary>Presents an open file.</summary>
    /// <param name="reader">The file; stays open at least as long as this source.</param>
    /// <param name="ownsReader">Whether <see cref="Dispose"/> closes it.</param>
    /// <exception cref="InputException">The architecture is another one, or a tensor is unknown to it.</exception>
    public GgufWeights(GgufReader reader, bool ownsReader = false)
    {
        _reader = reader;
        _ownsReader = ownsReader;
        string architecture = reader.Metadata.GetString("general.architecture");
        if (!Architectures.Contains(architecture))
            throw new InputException($"{reader.Path}: architecture `{architecture}` is not known", $"known: {string.Join(", ", Architectures)}");
        if (architecture == Reordered)
        {
            _queryHeads = reader.Metadata.GetCount($"{Reordered}.attention.head_count");
            _keyHeads = reader.Metadata.FindCount($"{Reordered}.attention.head_count_kv") ?? _queryHeads;
        }
        foreach (GgufTensorInfo tensor in reader.Tensors) Register(tensor);
    }

    /// <inheritdoc/>
    public string Path => _reader.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors => _tensors;

    /// <summary>Opens a GGUF file and presents it.</summary>
    /// <exception cref="InputException">The file is damaged, or its architecture is not known.</exception>
    public static GgufWeights Open(string path)
    {
        GgufReader reader = GgufReader.Open(path);
        try
        {
            return new GgufWeights(reader, ownsReader: true);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        bool found = _byName.TryGetValue(name, out Origin? origin);
        info = origin?.Info;
        return found;
    }

    /// <inheritdoc/>
    public nint Pointer(TensorInfo info)
    {
        Origin origin = _byName[info.Name];
        if (origin is { ValuePart: null, PairedHeads: 0, Tensor: var tensor } && tensor.Type.Plain() is { } plain)
            return _reader.Pointer(tensor) + (nint)(origin.Start * plain.ByteSize());
        return origin.ValuePart is null
            ? _made.Of(origin.Info, (start, values) => ReadFloats(origin.Info, start, values))
            : _made.Of(origin.Info, buffer => JoinKeyValueUp(origin, (float*)buffer));
    }

    /// <inheritdoc/>
    public void ReadFloats(TensorInfo info, long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, info.ElementCount - destination.Length);
        Origin origin = _byName[info.Name];
        if (origin.PairedHeads > 0) ReadPaired(origin, start, destination);
        else if (origin.ValuePart is null) _reader.ReadFloats(origin.Tensor, origin.Start + start, destination);
        else new ReadOnlySpan<float>((float*)Pointer(info) + start, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _made.Dispose();
        if (_ownsReader) _reader.Dispose();
    }

    private void Register(GgufTensorInfo tensor)
    {
        TensorType type = tensor.Type.Plain() ?? TensorType.F32;
        if (GgufTensorNames.ToHuggingFace(tensor.Name) is { } name)
        {
            Add(new Origin(new TensorInfo(name, type, tensor.Shape), tensor, 0, null, PairedHeads(name, tensor)));
        }
        else if (GgufTensorNames.ToHuggingFaceExpert(tensor.Name, 0) is not null && tensor.Shape.Count == 3)
        {
            // Empty experts take no bytes, so the file's length is no bound on their number.
            if (tensor.ElementCount == 0) throw new InputException($"{Path}: tensor `{tensor.Name}` is empty", "export the model again");
            long size = tensor.Shape[1] * tensor.Shape[2];
            for (int expert = 0; expert < tensor.Shape[0]; expert++)
                Add(new Origin(new TensorInfo(GgufTensorNames.ToHuggingFaceExpert(tensor.Name, expert)!, type, [tensor.Shape[1], tensor.Shape[2]]), tensor, expert * size, null));
        }
        else if (GgufTensorNames.KeyPartLayer(tensor.Name) is { } layer)
        {
            RegisterKeyValueUp(layer, tensor);
        }
        else if (!GgufTensorNames.IsValuePart(tensor.Name) && tensor.Name != GgufTensorNames.RopeFactors)
        {
            throw new InputException($"{Path}: tensor `{tensor.Name}` has no place in this architecture", "export the model again");
        }
    }

    private int PairedHeads(string name, GgufTensorInfo tensor)
    {
        int heads = name.Contains(".q_proj.", StringComparison.Ordinal) ? _queryHeads : name.Contains(".k_proj.", StringComparison.Ordinal) ? _keyHeads : 0;
        if (heads > 0 && (tensor.Shape.Count == 0 || tensor.Shape[0] % (2L * heads) != 0))
            throw new InputException($"{Path}: tensor `{tensor.Name}` has no whole number of rows for each of {heads} heads", "export the model again");
        return heads;
    }

    private void RegisterKeyValueUp(int layer, GgufTensorInfo keyPart)
    {
        if (!_reader.TryGet(GgufTensorNames.ValuePart(layer), out GgufTensorInfo? valuePart)
            || keyPart.Shape.Count != 3 || valuePart.Shape.Count != 3
            || keyPart.Shape[0] != valuePart.Shape[0] || keyPart.Shape[1] != valuePart.Shape[2])
        {
            throw new InputException($"{Path}: tensor `{keyPart.Name}` has no matching `{GgufTensorNames.ValuePart(layer)}`", "export the model again");
        }
        long heads = keyPart.Shape[0], rank = keyPart.Shape[1], nope = keyPart.Shape[2], value = valuePart.Shape[1];
        Add(new Origin(new TensorInfo(GgufTensorNames.KeyValueUp(layer), TensorType.F32, [heads * (nope + value), rank]), keyPart, 0, valuePart));
    }

    private void Add(Origin origin)
    {
        if (!_byName.TryAdd(origin.Info.Name, origin)) throw new InputException($"{Path}: tensor `{origin.Tensor.Name}` is there twice, under names of one meaning", "export the model again");
        _tensors.Add(origin.Info);
    }

    // kv_b_proj rows of one head: nope rows of keys (stored transposed), then the rows of values.
    private void JoinKeyValueUp(Origin origin, float* destination)
    {
        (GgufTensorInfo keyPart, GgufTensorInfo valuePart) = (origin.Tensor, origin.ValuePart!);
        int heads = (int)keyPart.Shape[0], rank = (int)keyPart.Shape[1], nope = (int)keyPart.Shape[2], value = (int)valuePart.Shape[1];
        var transposed = new float[rank * nope];
        for (int head = 0; head < heads; head++)
        {
            float* rows = destination + ((long)head * (nope + value) * rank);
            _reader.ReadFloats(keyPart, (long)head * rank * nope, transposed);
            for (int i = 0; i < nope; i++)
            {
                for (int r = 0; r < rank; r++) rows[(i * rank) + r] = transposed[(r * nope) + i];
            }
            _reader.ReadFloats(valuePart, (long)head * value * rank, new Span<float>(rows + ((long)nope * rank), value * rank));
        }
    }

    // The file has the two rows of a pair side by side; the checkpoint has first rows of all pairs, then second rows.
    private void ReadPaired(Origin origin, long start, Span<float> destination)
    {
        long rows = origin.Info.Shape[0], width = rows / origin.PairedHeads, columns = origin.Info.ElementCount / Math.Max(rows, 1);
        for (int done = 0; done < destination.Length;)
        {
            (long row, long column) = Math.DivRem(start + done, columns);
            (long head, long inHead) = Math.DivRem(row, width);
            (long second, long pair) = Math.DivRem(inHead, width / 2);
            int count = (int)Math.Min(columns - column, destination.Length - done);
            _reader.ReadFloats(origin.Tensor, (((head * width) + (2 * pair) + second) * columns) + column, destination.Slice(done, count));
            done += count;
        }
    }

    /// <summary>
    /// Where a tensor's elements lie: in one GGUF tensor from an element on, or (with a value part) in two; with paired heads, its rows are in
    /// another order there.
    /// </summary>
    private sealed record Origin(TensorInfo Info, GgufTensorInfo Tensor, long Start, GgufTensorInfo? ValuePart, int PairedHeads = 0);
}
