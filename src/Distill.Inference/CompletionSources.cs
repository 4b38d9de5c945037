using Distill.Models;
using Distill.Runs;

namespace Distill.Inference;

/// <summary>Opens a model for completion, whatever form it has.</summary>
public static class CompletionSources
{
    /// <summary>Prompts computed together unless the caller knows better.</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>Opens a model folder in Hugging Face's layout.</summary>
    /// <param name="path">The model.</param>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="batchSize">Prompts computed together.</param>
    /// <exception cref="InputException">There is no model at the path, or it cannot be used.</exception>
    public static ICompletionSource Open(string path, string device = "cpu", int batchSize = DefaultBatchSize)
    {
        TorchRuntime.Initialize();
        CausalLM model = ModelWeights.Load(path, TorchRuntime.Device(device));
        model.eval();
        return new BatchGenerator(new TorchLanguageModel(model), ModelChat.Load(path, model.Config.EosTokenIds), ModelIdentity.Of(path), batchSize);
    }
}
