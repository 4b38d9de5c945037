using System.Text.Json.Nodes;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Inspection;

/// <summary>A model folder in Hugging Face's layout. A part that cannot be read is a problem to tell of, and no reason to tell nothing.</summary>
internal static class ModelFacts
{
    private const string ConfigFile = "config.json";

    private static readonly string[] Shape =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings",
        "rope_theta", "rope_scaling", "rope_parameters", "tie_word_embeddings", "sliding_window", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim",
        "n_routed_experts", "n_shared_experts", "num_experts_per_tok", "moe_intermediate_size", "first_k_dense_replace", "torch_dtype", "dtype", "quantization_config",
    ];

    public static bool IsModel(string folder) =>
        File.Exists(Path.Combine(folder, ConfigFile)) || File.Exists(Path.Combine(folder, WeightSource.SingleFileName)) || File.Exists(Path.Combine(folder, WeightSource.IndexFileName))
        || File.Exists(Path.Combine(folder, "tokenizer.json"));

    public static JsonObject Of(string folder, bool withTensors)
    {
        var problems = new JsonArray();
        JsonObject config = Try(problems, () => JsonFile.Read(Path.Combine(folder, ConfigFile))) ?? [];
        var facts = new JsonObject
        {
            ["architecture"] = (config["architectures"] as JsonArray)?.FirstOrDefault()?.DeepClone() ?? config["model_type"]?.DeepClone(),
        };
        Try(problems, () => AddWeights(facts, folder, config, withTensors));
        JsonObject shape = Pick(config, Shape);
        if (shape.Count > 0) facts["shape"] = shape;
        TokenizerFacts.Add(facts, folder, config, problems);
        if (problems.Count > 0) facts["problems"] = problems;
        return facts;
    }

    /// <summary>Does a part of the work; what cannot be read goes to the problems.</summary>
    public static T? Try<T>(JsonArray problems, Func<T?> work) where T : class
    {
        try
        {
            return work();
        }
        catch (InputException e)
        {
            problems.Add(e.Message);
            return null;
        }
    }

    /// <summary>The keys of an object that are there, in the order asked for.</summary>
    public static JsonObject Pick(JsonObject from, IEnumerable<string> keys) =>
        new(keys.Where(key => from[key] is not null).Select(key => KeyValuePair.Create(key, from[key]?.DeepClone())));

    private static JsonObject? AddWeights(JsonObject facts, string folder, JsonObject config, bool withTensors)
    {
        if (!File.Exists(Path.Combine(folder, WeightSource.SingleFileName)) && !File.Exists(Path.Combine(folder, WeightSource.IndexFileName))) return null;
        using IWeightSource source = WeightSource.Open(folder);
        TensorRow[] rows = TensorFacts.Rows(source);
        facts["parameters"] = TensorFacts.Parameters(rows);
        if (ActiveParameters(rows, config) is { } active) facts["active_parameters"] = active;
        facts["bytes"] = rows.Select(row => row.Bytes).Total();
        facts["files"] = Directory.EnumerateFiles(folder, "*.safetensors").Count();
        TensorFacts.AddTables(facts, rows, withTensors);
        return facts;
    }

    // Of the experts a token sees only some; everything else sees every token.
    private static long? ActiveParameters(TensorRow[] rows, JsonObject config)
    {
        if (Number(config["n_routed_experts"]) is not { } experts || Number(config["num_experts_per_tok"]) is not { } used || experts < 1 || used < 1 || used > experts) return null;
        long inExperts = TensorFacts.Parameters(rows.Where(row => row.Name.Contains(".mlp.experts.", StringComparison.Ordinal)));
        return TensorFacts.Parameters(rows) - inExperts + (long)((Int128)inExperts * used / experts);
    }

    private static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
