using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Models;

/// <summary>Reads and writes <c>config.json</c>.</summary>
public static class ModelConfigFile
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads the shape of the model in a folder.</summary>
    /// <exception cref="InputException">The file is missing, is not JSON, lacks a key, or names an architecture that is not known.</exception>
    public static ModelConfig Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such model folder", "give the folder that holds config.json");
        if (!File.Exists(path)) throw new InputException($"{path}: missing", "a model folder in Hugging Face's layout has config.json, model.safetensors and tokenizer.json");
        var keys = ConfigKeys.Parse(path);
        string name = keys.Root["architectures"] is JsonArray { Count: > 0 } names ? names[0]!.ToString() : keys.Text("architectures", "");
        ModelConfig config = name switch
        {
            Qwen2.ArchitectureName => Qwen2.Read(keys),
            DeepSeekV3.ArchitectureName => DeepSeekV3.Read(keys),
            _ => throw new InputException($"{path}: architecture `{name}` is not known", $"known: {Qwen2.ArchitectureName}, {DeepSeekV3.ArchitectureName}"),
        };
        return Validated(config, path);
    }

    /// <summary>Writes the shape into a model folder; the same shape gives the same bytes.</summary>
    public static void Save(ModelConfig config, string folder)
    {
        JsonObject json = config.Architecture switch
        {
            Architecture.Qwen2 => Qwen2.Write(config),
            _ => DeepSeekV3.Write(config),
        };
        AtomicFile.WriteText(Path.Combine(folder, FileName), json.ToJsonString(Indented) + "\n");
    }

    /// <summary>Returns the shape if a model can have it; names the key that stands in the way otherwise.</summary>
    internal static ModelConfig Validated(ModelConfig config, string path)
    {
        (string Key, bool Right)[] rules =
        [
            ("vocab_size", config.VocabSize is > 0 and <= 4_000_000),
            ("hidden_size", config.HiddenSize is > 0 and <= 1 << 17),
            ("intermediate_size", config.IntermediateSize is > 0 and <= 1 << 20),
            ("num_hidden_layers", config.NumHiddenLayers is > 0 and <= 1000),
            ("num_attention_heads", config.NumAttentionHeads is > 0 and <= 4096),
            ("num_key_value_heads", config.NumKeyValueHeads > 0 && config.NumAttentionHeads % config.NumKeyValueHeads == 0),
            ("head_dim", config.HeadDim > 0 && config.HeadDim % 2 == 0),
            ("max_position_embeddings", config.MaxPositionEmbeddings is > 0 and <= 1 << 24),
            ("rms_norm_eps", config.RmsNormEps is > 0 and < 1),
            ("rope_theta", config.RopeTheta > 1),
            ("kv_lora_rank", config.Latent is null or { KvLoraRank: > 0, QkRopeHeadDim: > 0, VHeadDim: > 0 }),
            ("qk_nope_head_dim", config.Latent is null or { QkNopeHeadDim: > 0 }),
            ("v_head_dim", config.Latent is null || config.Latent.VHeadDim <= config.Latent.QkHeadDim),
            ("num_experts_per_tok", config.Mixture is null || (config.Mixture.NumExpertsPerTok > 0 && config.Mixture.NumExpertsPerTok <= config.Mixture.NRoutedExperts)),
            ("n_group", config.Mixture is null || (config.Mixture.NGroup > 0 && config.Mixture.NRoutedExperts % config.Mixture.NGroup == 0 && config.Mixture.TopkGroup <= config.Mixture.NGroup)),
        ];
        foreach ((string key, bool right) in rules)
        {
            if (!right) throw new InputException($"{path}: `{key}` has a value that no model of this architecture can have", "restore the config.json that belongs to these weights");
        }
        return config;
    }
}
