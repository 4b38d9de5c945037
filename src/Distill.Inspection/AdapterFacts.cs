using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>A folder of low-rank adapters as PEFT has them: the base model they belong to, their size, what they change.</summary>
internal static class AdapterFacts
{
    private const string ConfigFile = "adapter_config.json", WeightsFile = "adapter_model.safetensors";

    private static readonly string[] Settings = ["base_model_name_or_path", "peft_type", "r", "lora_alpha", "use_rslora", "use_dora", "target_modules", "modules_to_save"];

    /// <summary>Whether the folder holds adapters, and not a model that they were merged into.</summary>
    public static bool IsAdapter(string folder) =>
        File.Exists(Path.Combine(folder, ConfigFile)) && !File.Exists(Path.Combine(folder, WeightSource.SingleFileName)) && !File.Exists(Path.Combine(folder, WeightSource.IndexFileName));

    public static JsonObject Of(string folder, bool withTensors)
    {
        var problems = new JsonArray();
        string weights = Path.Combine(folder, WeightsFile);
        JsonObject? settings = ModelFacts.Try(problems, () => JsonFile.Read(Path.Combine(folder, ConfigFile)));
        JsonObject facts = ModelFacts.Try(problems, () => File.Exists(weights) ? TensorFacts.OfSafetensors(weights, withTensors) : throw new InputException($"{weights}: missing")) ?? [];
        if (settings is not null) facts["settings"] = ModelFacts.Pick(settings, Settings);
        if (problems.Count > 0) facts["problems"] = problems;
        return facts;
    }
}
