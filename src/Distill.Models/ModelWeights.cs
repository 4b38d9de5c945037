using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Moves weights between a model and files in the layout of Hugging Face.</summary>
public static class ModelWeights
{
    /// <summary>Makes the model of a folder and loads its weights, tensor by tensor.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and <c>model.safetensors</c> or its shards.</param>
    /// <param name="device">Where the weights go.</param>
    /// <exception cref="InputException">A file is missing or damaged, or a tensor is missing or has another shape.</exception>
    public static CausalLM Load(string folder, Device device)
    {
        ModelConfig config = ModelConfigFile.Load(folder);
        using IWeightSource source = WeightSource.Open(folder);
        return Load(config, source, device);
    }

    /// <summary>Makes a model and loads its weights from any source that uses the checkpoint's names.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="source">The tensors.</param>
    /// <param name="device">Where the weights go.</param>
    /// <exception cref="InputException">A tensor is missing or has another shape.</exception>
    public static CausalLM Load(ModelConfig config, IWeightSource source, Device device)
    {
        foreach ((string name, long[] shape) in LandmarkShapes(config)) TensorBytes.Require(source, name, shape);
        var model = new CausalLM(config, device);
        using var none = no_grad();
        foreach ((string name, Tensor tensor) in Named(model))
        {
            TensorBytes.Read(source, name, tensor);
            if (RotaryLayout.HeadsToReorder(config, name) is not { } heads) continue;
            using var scope = NewDisposeScope();
            tensor.copy_(RotaryLayout.ToNeighbours(tensor, heads));
        }
        return model;
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> (32-bit floats) into a folder.</summary>
    public static void Save(CausalLM model, string folder)
    {
        ModelConfigFile.Save(model.Config, folder);
        TensorToWrite[] tensors = [.. Named(model).OrderBy(item => item.Name, StringComparer.Ordinal)
            .Select(item => new TensorToWrite(item.Name, TensorType.F32, item.Tensor.shape, stream => Write(model.Config, item.Name, item.Tensor, stream)))];
        SafetensorsWriter.Write(Path.Combine(folder, WeightSource.SingleFileName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static void Write(ModelConfig config, string name, Tensor tensor, Stream stream)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        TensorBytes.Write(RotaryLayout.HeadsToReorder(config, name) is { } heads ? RotaryLayout.ToHalves(tensor, heads) : tensor, stream);
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(CausalLM model) =>
        model.named_parameters().Select(item => (item.name, (Tensor)item.parameter))
            .Concat(model.named_buffers().Select(item => (item.name, item.buffer)));

    // Checked before any memory is taken: a config.json that does not belong to the weights fails at once.
    private static IEnumerable<(string Name, long[] Shape)> LandmarkShapes(ModelConfig config)
    {
        yield return ("model.embed_tokens.weight", [config.VocabSize, config.HiddenSize]);
        yield return ("model.norm.weight", [config.HiddenSize]);
        yield return ($"model.layers.{config.NumHiddenLayers - 1}.input_layernorm.weight", [config.HiddenSize]);
        if (!config.TieWordEmbeddings) yield return ("lm_head.weight", [config.VocabSize, config.HiddenSize]);
    }
}
