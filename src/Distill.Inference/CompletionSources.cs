using Distill.Chat;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Inference;

/// <summary>Opens a model for completion, whatever form it has.</summary>
public static class CompletionSources
{
    /// <summary>Prompts computed together unless the caller knows better.</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>Opens a model folder in Hugging Face's layout, a GGUF file, or an exported ONNX model.</summary>
    /// <param name="path">The model. Tokenizer, template and stop tokens are those of the model itself.</param>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>; several, separated by commas, share the layers (not with ONNX).</param>
    /// <param name="batchSize">Prompts computed together.</param>
    /// <exception cref="InputException">There is no model at the path, or it cannot be used.</exception>
    public static ICompletionSource Open(string path, string device = "cpu", int batchSize = DefaultBatchSize)
    {
        var thread = new ComputeThread();
        try
        {
            (ILanguageModel model, ModelChat chat) = thread.Run(() => OpenModel(path, device));
            return new BatchGenerator(model, chat, ModelIdentity.Of(path), batchSize, thread);
        }
        catch
        {
            thread.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model folder or a GGUF file as a model of our own.</summary>
    internal static (CausalLM Model, ModelChat Chat) OpenTorch(string path, string device)
    {
        if (IsGguf(path)) return OpenGguf(path, device);
        if (!Directory.Exists(path)) throw new InputException($"{path}: {(File.Exists(path) ? "is no model" : "no such model")}", "give a model folder, a .gguf file or an .onnx file");
        TorchRuntime.Initialize();
        CausalLM model = ModelWeights.Load(path, TorchRuntime.Devices(device));
        return (model, ModelChat.Load(path, model.Config.EosTokenIds));
    }

    private static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    private static (CausalLM Model, ModelChat Chat) OpenGguf(string path, string device)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "give a model folder, a .gguf file or an .onnx file");
        TorchRuntime.Initialize();
        using var file = GgufReader.Open(path);
        ModelConfig config = GgufModelConfig.Read(file);
        ModelTokenizer tokenizer = GgufTokenizer.Read(file);
        using var weights = new GgufWeights(file);
        CausalLM model = ModelWeights.Load(config, weights, TorchRuntime.Devices(device));
        return (model, ModelChat.Of(path, tokenizer, GgufStopTokens.Of(file.Metadata, tokenizer)));
    }

    private static (ILanguageModel Model, ModelChat Chat) OpenModel(string path, string device)
    {
        if (!IsGguf(path) && OnnxModelPath.Find(path) is { } onnx)
            return (OnnxLanguageModel.Open(onnx.ModelFile, device), ModelChat.Load(onnx.Folder, ModelConfigFile.Load(onnx.Folder).EosTokenIds));
        (CausalLM model, ModelChat chat) = OpenTorch(path, device);
        return (new TorchLanguageModel(model), chat);
    }
}
