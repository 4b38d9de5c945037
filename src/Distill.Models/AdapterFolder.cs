using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Weights;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Adapters on disk as PEFT has them (<c>adapter_config.json</c>, <c>adapter_model.safetensors</c>), so that transformers,
/// vLLM and other tools load them; and models that adapters are merged into.
/// </summary>
public static class AdapterFolder
{
    private const string ConfigFile = "adapter_config.json", WeightsFile = "adapter_model.safetensors", Prefix = "base_model.model.";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>Writes a model's adapters into a folder.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="shape">Their size.</param>
    /// <param name="folder">An existing folder.</param>
    /// <param name="baseModel">What the adapters belong to: a Hub id or a path.</param>
    public static void Save(CausalLM model, LowRankShape shape, string folder, string baseModel)
    {
        (string Name, Projection Projection)[] adapted = [.. model.Projections.Where(item => item.Projection.Adapter is not null)];
        var config = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = baseModel,
            ["r"] = shape.Rank,
            ["lora_alpha"] = shape.Alpha,
            ["use_rslora"] = shape.RankStabilized,
            ["lora_dropout"] = 0.0,
            ["target_modules"] = new JsonArray([.. adapted.Select(item => item.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal).Select(name => JsonValue.Create(name))]),
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["modules_to_save"] = null,
            ["layers_to_transform"] = null,
            ["layers_pattern"] = null,
            ["rank_pattern"] = new JsonObject(),
            ["alpha_pattern"] = new JsonObject(),
        };
        AtomicFile.WriteText(Path.Combine(folder, ConfigFile), config.ToJsonString(Json) + "\n");
        TensorToWrite[] tensors = [.. adapted.SelectMany(item => Tensors(model.Config, item.Name, item.Projection.Adapter!))];
        SafetensorsWriter.Write(Path.Combine(folder, WeightsFile), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>
    /// Writes the model of a folder with the adapters merged in, tensor by tensor: base weights come from the files in full
    /// precision, however coarsely they were kept for training.
    /// </summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="baseFolder">The folder it was loaded from.</param>
    /// <param name="folder">An existing folder.</param>
    /// <param name="type">Format on disk.</param>
    /// <exception cref="InputException">The base weights are gone or have changed, or the folder cannot be written.</exception>
    public static void SaveMerged(CausalLM model, string baseFolder, string folder, TensorType type)
    {
        using IWeightSource source = WeightSource.Open(baseFolder);
        ModelWeights.RequireFit(model.Config, source);
        ModelConfigFile.Save(model.Config, folder, type);
        Dictionary<string, LowRankAdapter> adapters = model.Projections.Where(item => item.Projection.Adapter is not null)
            .ToDictionary(item => item.Name + ".weight", item => item.Projection.Adapter!, StringComparer.Ordinal);
        WeightFolder.Write(folder, [.. CheckpointTensors.Of(model.Config).OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
            .Select(tensor => new TensorToWrite(tensor.Name, type, tensor.Shape, stream => WriteMerged(tensor, stream)))]);

        void WriteMerged(CheckpointTensor tensor, Stream stream)
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            Tensor values = empty([.. tensor.Shape]);
            TensorBytes.Read(source, tensor.Name, values);
            if (adapters.TryGetValue(tensor.Name, out LowRankAdapter? adapter)) values.add_(InCheckpointOrder(model.Config, tensor.Name, adapter.Delta().cpu()));
            TensorBytes.Write(values, stream, type);
        }
    }

    private static IEnumerable<TensorToWrite> Tensors(ModelConfig config, string projection, LowRankAdapter adapter)
    {
        yield return new($"{Prefix}{projection}.lora_A.weight", TensorType.F32, adapter.Down.shape, stream => TensorBytes.Write(adapter.Down, stream));
        yield return new($"{Prefix}{projection}.lora_B.weight", TensorType.F32, adapter.Up.shape, stream =>
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            TensorBytes.Write(InCheckpointOrder(config, projection + ".weight", adapter.Up), stream);
        });
    }

    private static Tensor InCheckpointOrder(ModelConfig config, string tensor, Tensor rows) =>
        RotaryLayout.HeadsToReorder(config, tensor) is { } heads ? RotaryLayout.ToHalves(rows, heads) : rows;
}
