using System.Text.Json.Nodes;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Onnx;

/// <summary>
/// Exports a model to ONNX, in single precision or with its matrices in blocks of 8 or 4 bits. The folder that results runs as it is in ONNX Runtime, in ONNX Runtime
/// GenAI (<c>genai_config.json</c>) and in transformers.js (<c>config.json</c>, <c>onnx/model.onnx</c>).
/// </summary>
public static class OnnxExport
{
    /// <summary>Name of the sub-folder that holds <c>model.onnx</c>; transformers.js looks there.</summary>
    public const string GraphFolderName = "onnx";

    /// <summary>Value of the metadata key <c>graph</c>: inputs, outputs and the meaning of padding, so that a reader knows what it has.</summary>
    public const string GraphKind = "portable-1";

    // A longer table of cosines costs memory that few use: 32768 positions of a 128-wide head are 17 MB each.
    private const int LongestRotaryTable = 32768;

    /// <summary>Writes the ONNX folder of a model in single precision. The same model gives the same bytes.</summary>
    /// <param name="modelFolder">Hugging Face folder of a Llama, Qwen2 or Qwen3 model.</param>
    /// <param name="outFolder">Receives <c>onnx/model.onnx</c> and the files around it; other files there stay.</param>
    /// <param name="cancellation">Stops between two tiles of a tensor; files already written stay whole.</param>
    /// <returns>Path of <c>model.onnx</c>.</returns>
    /// <exception cref="InputException">
    /// The folder is no model of a supported architecture, its weights do not match its configuration, or the disk is full.
    /// </exception>
    public static string Write(string modelFolder, string outFolder, CancellationToken cancellation = default) =>
        Write(modelFolder, outFolder, OnnxModelFile.LargestSingleFile, cancellation);

    internal static string Write(string modelFolder, string outFolder, long externalAbove, CancellationToken cancellation) =>
        Write(modelFolder, outFolder, [OnnxPrecision.Fp32], null, externalAbove, cancellation)[0].Path;

    /// <summary>Writes the ONNX folder of a model, a graph for each precision.</summary>
    /// <param name="modelFolder">The model.</param>
    /// <param name="outFolder">Receives the graphs below <c>onnx/</c>, and the files around them.</param>
    /// <param name="precisions">The precisions, each once; the first is what readers take that are not told which.</param>
    /// <param name="importance">Measured importance of each column for four bits, or null.</param>
    /// <param name="externalAbove">Constants of more bytes in all go to a file of their own.</param>
    /// <param name="cancellation">Stops between two tiles of a tensor.</param>
    internal static IReadOnlyList<OnnxSummary> Write(
        string modelFolder, string outFolder, IReadOnlyList<OnnxPrecision> precisions, ImportanceMatrix? importance, long externalAbove, CancellationToken cancellation)
    {
        ModelConfig config = RequireExportable(modelFolder);
        int contextLength = Math.Min(config.MaxPositionEmbeddings, LongestRotaryTable);
        using IWeightSource source = WeightSource.Open(modelFolder);
        if (importance is not null && !source.Tensors.Any(tensor => GgufTensorNames.ToGguf(tensor.Name, out _) is { } name && importance.Entries.ContainsKey(name)))
            throw new InputException($"{importance.Source}: has no entry for any tensor of this model", "use the imatrix of this model, or `--imatrix auto` to compute it");
        string fingerprint = "";
        var written = new List<OnnxSummary>();
        foreach (OnnxPrecision precision in precisions)
        {
            OnnxGraph graph = DecoderGraph.Build(config, new OnnxWeights(source, precision, importance, cancellation), contextLength);
            if (fingerprint.Length == 0) fingerprint = SourceFingerprint(modelFolder);
            string path = Path.Combine(outFolder, GraphFolderName, precision.FileName());
            OnnxModelFile.Write(path, graph,
            [
                ("architecture", config.Architecture.ToString()),
                ("context_length", contextLength.ToString()),
                ("graph", GraphKind),
                ("model", NameOf(modelFolder)),
                ("num_attention_heads", config.NumAttentionHeads.ToString()),
                ("precision", precision.ToString().ToLowerInvariant()),
                ("source_fingerprint", fingerprint),
            ], externalAbove);
            written.Add(new OnnxSummary(path, precision, 8.0 * graph.Constants.Where(IsWeight).Sum(constant => constant.ByteCount) / config.ParameterCount()));
        }
        OnnxFolder.WriteSideFiles(modelFolder, outFolder, config, contextLength, precisions);
        return written;
    }

    private static bool IsWeight(OnnxTensor constant) =>
        !constant.Name.StartsWith("/model/constants/", StringComparison.Ordinal) && !constant.Name.StartsWith("model.rotary_emb.", StringComparison.Ordinal);

    /// <summary>Refuses a model that ONNX Runtime's operators cannot express.</summary>
    /// <exception cref="InputException">It is of another kind, or its heads have an odd width.</exception>
    public static ModelConfig RequireExportable(string modelFolder)
    {
        ModelConfig config = ModelConfigFile.Load(modelFolder);
        string path = Path.Combine(modelFolder, ModelConfigFile.FileName);
        if (config.Latent is not null || config.Mixture is not null)
            throw new InputException($"{path}: {config.Architecture} cannot be exported to ONNX", "export it to GGUF, or export a Llama, Qwen2 or Qwen3 student");
        if (config.HeadDim % 8 != 0)
            throw new InputException($"{path}: head_dim is {config.HeadDim}, ONNX Runtime's attention needs a multiple of 8", "export it to GGUF instead");
        return config;
    }

    // What the checkpoint calls itself; a folder is often just called "model".
    private static string NameOf(string modelFolder)
    {
        JsonNode? config = JsonNode.Parse(File.ReadAllText(Path.Combine(modelFolder, ModelConfigFile.FileName)));
        return config?["_name_or_path"]?.ToString() is { Length: > 0 } name ? name : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder)));
    }

    private static string SourceFingerprint(string modelFolder)
    {
        string[] files = [.. Directory.EnumerateFiles(modelFolder)
            .Where(file => Path.GetExtension(file) is ".safetensors" || Path.GetFileName(file) is ModelConfigFile.FileName or "tokenizer.json")
            .Order(StringComparer.Ordinal)];
        return Fingerprint.OfTexts([.. files.SelectMany(file => new[] { Path.GetFileName(file), Fingerprint.OfFile(file) })]);
    }
}

/// <summary>One written graph.</summary>
/// <param name="Path">The file.</param>
/// <param name="Precision">Its precision.</param>
/// <param name="BitsPerWeight">Bits of its weights divided by their number.</param>
internal sealed record OnnxSummary(string Path, OnnxPrecision Precision, double BitsPerWeight);
