using Distill.Export.Quantization;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>A GGUF file in F32, F16 or BF16, to be written again in other types. Its metadata is kept key for key, but for what the user says otherwise.</summary>
internal sealed class GgufFileSource : GgufModelSource
{
    private readonly GgufReader _reader;
    private readonly GgufMetadata _lineage = [];

    private GgufFileSource(GgufReader reader, MixtureModel mixture, GgufExportSettings settings)
    {
        _reader = reader;
        GgufLineage.Append(_lineage, settings.Card);
        Mixture = mixture;
        Tensors = [.. reader.Tensors.Select(tensor => new PlannedTensor(tensor.Name, tensor.Shape, tensor.Name,
            (firstRow, destination) => reader.ReadFloats(tensor, firstRow * tensor.Shape[^1], destination)))];
    }

    public override string Path => _reader.Path;

    public override IReadOnlyList<PlannedTensor> Tensors { get; }

    public override MixtureModel Mixture { get; }

    public override long Parameters => Tensors.Sum(tensor => tensor.ElementCount);

    public static GgufFileSource Open(string path, GgufExportSettings settings)
    {
        GgufReader reader = GgufReader.Open(path);
        try
        {
            if (reader.Tensors.FirstOrDefault(tensor => tensor.Type is not (GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16)) is { } quantized)
                throw new InputException($"{path}: is quantised already (`{quantized.Name}` is {quantized.Type})", "export from an F32, F16 or BF16 file, or from the model folder");
            if (reader.Tensors.FirstOrDefault(tensor => tensor.Shape.Count == 0 || tensor.ElementCount == 0) is { } shapeless)
                throw new InputException($"{path}: tensor `{shapeless.Name}` has {(shapeless.Shape.Count == 0 ? "no dimensions" : "no elements")}", "export from the model folder");
            return new GgufFileSource(reader, MixtureOf(reader.Metadata), settings);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public override GgufMetadata Metadata(GgufFileType type)
    {
        var metadata = new GgufMetadata();
        foreach ((string key, object value) in _reader.Metadata)
        {
            bool replaced = key is "general.file_type" or "general.quantization_version" or "general.alignment"
                || key.StartsWith("quantize.", StringComparison.Ordinal) || key.StartsWith("split.", StringComparison.Ordinal);
            if (!replaced && !_lineage.Any(given => GgufLineage.Subject(given.Key) == GgufLineage.Subject(key))) metadata.Add(key, value);
        }
        foreach ((string key, object value) in _lineage) metadata.Add(key, value);
        metadata.Add("general.quantization_version", GgufModelMetadata.QuantizationVersion);
        metadata.Add("general.file_type", (uint)type);
        return metadata;
    }

    public override void Dispose() => _reader.Dispose();

    private static MixtureModel MixtureOf(GgufMetadata metadata)
    {
        string architecture = metadata.GetString("general.architecture");
        int heads = metadata.GetCount($"{architecture}.attention.head_count"), keyHeads = metadata.FindCount($"{architecture}.attention.head_count_kv") ?? heads;
        return new MixtureModel(architecture, metadata.GetCount($"{architecture}.block_count"), heads / Math.Max(keyHeads, 1),
            metadata.FindCount($"{architecture}.expert_count") ?? 0);
    }
}
