using Distill.Chat;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Export.Gguf;

/// <summary>
/// Writes a model folder as one GGUF file that llama.cpp and Ollama load. Tensors are streamed, so memory stays bounded by a
/// few megabytes; the same folder gives the same bytes.
/// </summary>
public static class GgufExport
{
    private const int TemplateByteLimit = 1 << 20;

    /// <summary>Exports one file.</summary>
    /// <param name="modelFolder">Model in Hugging Face's layout, of any known family.</param>
    /// <param name="path">The file; it appears whole or not at all.</param>
    /// <param name="type">Type of its matrices.</param>
    /// <param name="name">Display name of the model.</param>
    /// <param name="progress">Receives one event per tensor.</param>
    /// <param name="cancellation">Stops between pieces of a tensor; no file is left then.</param>
    /// <exception cref="InputException">The folder is damaged, or the model cannot be expressed.</exception>
    public static GgufSummary Write(string modelFolder, string path, GgufFileType type, string name,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        ModelConfig config = ModelConfigFile.Load(modelFolder);
        RequireLoadable(config, modelFolder);
        using IWeightSource source = WeightSource.Open(modelFolder);
        IReadOnlyList<PlannedTensor> plan = GgufTensorPlan.Of(config, source);
        var metadata = new GgufMetadata();
        GgufModelMetadata.Append(metadata, config, ModelFacts.Read(modelFolder, name), plan, type);
        ModelTokenizer tokenizer = ModelTokenizer.Load(modelFolder);
        GgufTokenizerMetadata.Append(metadata, tokenizer, config, ChatTemplate(modelFolder, tokenizer), modelFolder);

        GgufTensorType matrixType = type.MatrixType();
        int written = 0;
        GgufTensorToWrite[] tensors = [.. plan.Select(tensor =>
        {
            GgufTensorType tensorType = tensor.TypeIn(matrixType);
            return new GgufTensorToWrite(tensor.Name, tensorType, tensor.Shape, stream =>
            {
                TensorEncoding.Write(tensor, tensorType, stream, source.Path, cancellation);
                progress?.Report(new ProgressEvent($"export {type}", ++written, plan.Count, "tensors", tensor.Name));
            });
        })];
        GgufWriter.Write(path, metadata, tensors);
        return new GgufSummary(
            config.ParameterCount(),
            tensors.Sum(tensor => tensor.ByteCount),
            [.. plan.Zip(tensors).Where(pair => pair.Second.Type != matrixType && pair.Second.Type != GgufTensorType.F32).Select(pair => pair.First.Name)]);
    }

    // In tokenizer_config.json, or in a file of its own as newer versions of transformers write it.
    private static string? ChatTemplate(string modelFolder, ModelTokenizer tokenizer)
    {
        string path = Path.Combine(modelFolder, "chat_template.jinja");
        return tokenizer.Config.ChatTemplate ?? (File.Exists(path) && new FileInfo(path).Length < TemplateByteLimit ? File.ReadAllText(path) : null);
    }

    // llama.cpp tells DeepSeek-V2-Lite, which has no query compression, from its siblings by the number of layers alone.
    private static void RequireLoadable(ModelConfig config, string modelFolder)
    {
        string path = Path.Combine(modelFolder, ModelConfigFile.FileName);
        if (config.Latent is { QLoraRank: null } && config.NumHiddenLayers is not (26 or 27))
            throw new InputException($"{path}: llama.cpp loads a DeepSeek model without `q_lora_rank` only with 26 or 27 layers", "train the model with `q_lora_rank`");
        if (config is { Latent: not null, Mixture: null })
            throw new InputException($"{path}: llama.cpp loads a DeepSeek model only with experts", "train the model with `n_routed_experts`");
    }
}

/// <summary>Figures of one written file.</summary>
/// <param name="Parameters">Weights in it.</param>
/// <param name="TensorBytes">Bytes of its tensors, head and padding not counted.</param>
/// <param name="FallbackTensors">Tensors whose rows are no whole number of blocks and which were written as F16 instead.</param>
public sealed record GgufSummary(long Parameters, long TensorBytes, IReadOnlyList<string> FallbackTensors)
{
    /// <summary>Bits per weight.</summary>
    public double BitsPerWeight => 8.0 * TensorBytes / Parameters;
}
