using System.Text.Json;
using Distill.Models.Families;
using Distill.Runs;
using Distill.Weights;

namespace Distill.Models;

/// <summary>Reads and writes <c>config.json</c>, in the style of transformers 4 and of transformers 5.</summary>
public static class ModelConfigFile
{
    /// <summary>Name of the file in a model folder.</summary>
    public const string FileName = "config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads the shape of the model in a folder.</summary>
    /// <exception cref="InputException">
    /// The file is missing, is not JSON, lacks a key, or asks for an architecture or a setting that is not known.
    /// </exception>
    public static ModelConfig Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such model folder", "give the folder that holds config.json");
        if (!File.Exists(path)) throw new InputException($"{path}: missing", ModelsIn(folder) is { Length: > 0 } models ? $"{folder} is no model, but holds {models}"
            : "a model folder in Hugging Face's layout has config.json, model.safetensors and tokenizer.json");
        return Read(ConfigKeys.Parse(path), path);
    }

    // A training's folder holds `model/`, an export's `gguf/` and `onnx/`: whoever names the folder means one of them.
    private static string ModelsIn(string folder)
    {
        const int Shown = 4;
        var patient = new EnumerationOptions { IgnoreInaccessible = true };
        string gguf = Path.Combine(folder, "gguf");
        IEnumerable<string> models = Directory.EnumerateDirectories(folder, "*", patient).Where(inner => File.Exists(Path.Combine(inner, FileName))).Order(StringComparer.Ordinal);
        IEnumerable<string> files = new[] { folder, gguf }.Where(Directory.Exists).SelectMany(place => Directory.EnumerateFiles(place, "*.gguf", patient).Order(StringComparer.Ordinal));
        return string.Join(", ", models.Concat(files).Take(Shown));
    }

    /// <summary>Reads a shape from the bytes of a file.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="utf8">Its content.</param>
    /// <exception cref="InputException">As for <see cref="Load"/>.</exception>
    public static ModelConfig Parse(string path, ReadOnlySpan<byte> utf8) => Read(ConfigKeys.Parse(path, utf8), path);

    /// <summary>
    /// Writes the shape into a model folder; the same shape gives the same bytes. A shape that was read from a file is written with that
    /// file's other keys and in its style.
    /// </summary>
    /// <param name="config">The shape.</param>
    /// <param name="folder">The model folder.</param>
    /// <param name="type">Type of the weights beside it.</param>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Save(ModelConfig config, string folder, TensorType type = TensorType.F32)
    {
        ModelFamily family = ModelFamily.Of(config.Architecture);
        var json = new ConfigJson(config.Origin);
        json.Set("architectures", new System.Text.Json.Nodes.JsonArray(family.ClassName));
        json.Set("attention_dropout", 0.0, 0.0);
        json.Set("bos_token_id", config.BosTokenId);
        json.SetIds("eos_token_id", config.EosTokenIds);
        json.Set("hidden_act", "silu", "silu");
        json.Set("hidden_size", config.HiddenSize);
        json.Set("initializer_range", config.InitializerRange, 0.02);
        json.Set("intermediate_size", config.IntermediateSize);
        json.Set("max_position_embeddings", config.MaxPositionEmbeddings);
        json.Set("model_type", family.ModelType);
        json.Set("num_attention_heads", config.NumAttentionHeads);
        json.Set("num_hidden_layers", config.NumHiddenLayers);
        json.Set("num_key_value_heads", config.NumKeyValueHeads, config.NumAttentionHeads);
        json.Set("pad_token_id", config.PadTokenId);
        json.Set("rms_norm_eps", config.RmsNormEps);
        RopeScalingJson.Write(json, config);
        json.Set("tie_word_embeddings", config.TieWordEmbeddings, false);
        json.Set(json.Has("dtype") ? "dtype" : "torch_dtype", type switch { TensorType.F16 => "float16", TensorType.BF16 => "bfloat16", _ => "float32" });
        json.Set("use_cache", true, true);
        json.Set("vocab_size", config.VocabSize);
        family.WriteConfig(config, json);
        AtomicFile.WriteText(Path.Combine(folder, FileName), json.Finished().ToJsonString(Indented) + "\n");
    }

    private static ModelConfig Read(ConfigKeys keys, string path)
    {
        string name = keys.Root["architectures"] is System.Text.Json.Nodes.JsonArray && keys.Texts("architectures") is [{ } first, ..] ? first : keys.Text("architectures", "");
        ModelFamily family = ModelFamily.OfClass(name)
            ?? throw new InputException($"{path}: {(name.Length == 0 ? "key `architectures` is missing" : $"architecture `{name}` is not known")}", $"known: {string.Join(", ", ModelFamily.All.Select(known => known.ClassName))}");
        ModelConfig config = family.ReadConfig(keys, ReadCommon(keys, family.Architecture));
        RefuseUnknownSettings(keys, config);
        return ModelConfigRules.Checked(config, path);
    }

    private static ModelConfig ReadCommon(ConfigKeys keys, Architecture architecture)
    {
        int heads = keys.Whole("num_attention_heads"), hidden = keys.Whole("hidden_size"), positions = keys.Whole("max_position_embeddings");
        return new()
        {
            Architecture = architecture,
            VocabSize = keys.Whole("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Whole("intermediate_size"),
            NumHiddenLayers = keys.Whole("num_hidden_layers"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = keys.Whole("num_key_value_heads", heads),
            HeadDim = keys.WholeOrNull("head_dim") ?? hidden / Math.Max(heads, 1),
            RmsNormEps = keys.Number("rms_norm_eps", 1e-6),
            RopeTheta = RopeScalingJson.ReadTheta(keys),
            RopeScaling = RopeScalingJson.Read(keys, positions),
            MaxPositionEmbeddings = positions,
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            InitializerRange = keys.Number("initializer_range", 0.02),
            BosTokenId = keys.WholeOrNull("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.WholeOrNull("pad_token_id"),
            Origin = new ConfigOrigin(keys.Root),
        };
    }

    // Settings that would silently give another model when they were passed over.
    private static void RefuseUnknownSettings(ConfigKeys keys, ModelConfig config)
    {
        keys.Require(keys.Text("hidden_act", "silu") == "silu", "hidden_act", "silu");
        keys.Require(config.AttentionBias || !keys.Flag("attention_bias", false), "attention_bias", "false");
        keys.Require(!keys.Flag("mlp_bias", false), "mlp_bias", "false");
        keys.Require(keys.Number("partial_rotary_factor", 1) == 1, "partial_rotary_factor", "1");
        if (keys.Section("quantization_config") is { } quantization)
        {
            quantization.Require(quantization.Text("quant_method", "none") == "fp8", "quant_method", "fp8, in blocks of 128 × 128");
            quantization.Require(quantization.Root["weight_block_size"]?.ToJsonString() is null or "[128,128]", "weight_block_size", "[128,128]");
        }
        RefuseSlidingWindow(keys, config);
    }

    // A window as wide as the context, or for no layer at all, changes nothing; Qwen2's files name one and leave it switched off.
    private static void RefuseSlidingWindow(ConfigKeys keys, ModelConfig config)
    {
        if (keys.WholeOrNull("sliding_window") is { } window && window >= config.MaxPositionEmbeddings) return;
        keys.Require(!keys.Texts("layer_types").Contains("sliding_attention"), "layer_types", "full_attention");
        bool everyLayerIsFull = keys.WholeOrNull("max_window_layers") >= config.NumHiddenLayers;
        keys.Require(everyLayerIsFull || !keys.Flag("use_sliding_window", false), "use_sliding_window", "false");
    }
}
