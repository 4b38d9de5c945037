using System.Text;
using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Weights;

namespace Distill.Tests;

/// <summary>Model folders in Hugging Face's layout with random weights, small enough to make in every test.</summary>
internal static class TinyModels
{
    public const string QwenSplit = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string ChatTemplate =
        "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}<｜User｜>{{ m['content'] }}{% else %}<｜Assistant｜>{{ m['content'] }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}" +
        "{% if add_generation_prompt %}<｜Assistant｜><think>\n{% endif %}";

    private static readonly (string Left, string Right)[] Merges =
    [
        ("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("e", "r"), ("o", "n"), ("Ġ", "a"), ("Ġ", "="), ("o", "m"), ("p", "u"), ("t", "e"),
        ("C", "om"), ("Com", "pu"), ("Compu", "te"), ("Ċ", "Ċ"), ("Ġ", "Ġ"), ("ä", "¸"), ("Ã", "¤"),
    ];

    private static readonly (string Text, bool Special)[] AddedTokens =
    [
        ("<｜begin▁of▁sentence｜>", true), ("<｜end▁of▁sentence｜>", true), ("<｜▁pad▁｜>", true),
        ("<｜User｜>", true), ("<｜Assistant｜>", true), ("<think>", false), ("</think>", false),
    ];

    /// <summary>Tokens of the tokenizer that every tiny model has.</summary>
    public static int TokenCount => 256 + Merges.Length + AddedTokens.Length;

    public static int BosTokenId => 256 + Merges.Length;

    /// <summary>A Qwen2 model: 2 layers, 4 query and 2 key heads.</summary>
    public static ModelConfig Qwen2(string folder, int seed = 1, bool tied = true, int extraRows = 5, TensorType type = TensorType.F32) =>
        Write(folder, Dense(Architecture.Qwen2, extraRows) with { TieWordEmbeddings = tied }, seed, type);

    /// <summary>A dense shape of any family: 2 layers, 4 query and 2 key heads.</summary>
    public static ModelConfig Dense(Architecture architecture, int extraRows = 5) => new()
    {
        Architecture = architecture,
        VocabSize = TokenCount + extraRows,
        HiddenSize = 64,
        IntermediateSize = 96,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 16,
        RmsNormEps = 1e-6,
        RopeTheta = 10000,
        MaxPositionEmbeddings = 256,
        BosTokenId = BosTokenId,
        EosTokenIds = [BosTokenId + 1],
    };

    /// <summary>A DeepSeek-V3 model: 3 layers, the first one dense, 4 experts of which 2 are used, one shared.</summary>
    public static ModelConfig DeepSeekV3(string folder, int seed = 1, int nope = 32, int groups = 1, TensorType type = TensorType.F32) =>
        Write(folder, MixtureOfExperts(nope, groups), seed, type);

    /// <summary>The shape of <see cref="DeepSeekV3"/>.</summary>
    public static ModelConfig MixtureOfExperts(int nope = 32, int groups = 1) => Dense(Architecture.DeepSeekV3, extraRows: 0) with
    {
        IntermediateSize = 128,
        NumHiddenLayers = 3,
        NumKeyValueHeads = 4,
        HeadDim = nope + 16,
        Latent = new LatentAttentionConfig { QLoraRank = 64, KvLoraRank = 32, QkNopeHeadDim = nope, QkRopeHeadDim = 16, VHeadDim = 32 },
        Mixture = new MixtureConfig
        {
            NRoutedExperts = 4 * groups,
            NumExpertsPerTok = 2,
            NSharedExperts = 1,
            MoeIntermediateSize = 32,
            FirstKDenseReplace = 1,
            RoutedScalingFactor = 2.5,
            NGroup = groups,
            TopkGroup = Math.Max(1, groups / 2),
        },
    };

    /// <summary>The names and shapes of a model's checkpoint.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Tensors(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        yield return ("model.embed_tokens.weight", [config.VocabSize, hidden]);
        for (int layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return (prefix + "input_layernorm.weight", [hidden]);
            yield return (prefix + "post_attention_layernorm.weight", [hidden]);
            foreach ((string name, long[] shape) in config.Latent is null ? GroupedQueryAttention(config) : LatentAttention(config)) yield return (prefix + "self_attn." + name, shape);
            foreach ((string name, long[] shape) in config.Mixture is { } mixture && layer >= mixture.FirstKDenseReplace ? Experts(hidden, mixture) : FeedForward("", hidden, config.IntermediateSize))
                yield return (prefix + "mlp." + name, shape);
        }
        yield return ("model.norm.weight", [hidden]);
        if (!config.TieWordEmbeddings) yield return ("lm_head.weight", [config.VocabSize, hidden]);
    }

    /// <summary>Random values of the size that a trained tensor of that name has.</summary>
    public static float[] Values(string name, long[] shape, int seed)
    {
        var random = new Random(HashCode(name) ^ seed);
        var values = new float[shape.Aggregate((a, b) => a * b)];
        (float mean, float deviation) = name switch
        {
            _ when name.Contains("norm", StringComparison.Ordinal) => (1f, 0.1f),
            _ when shape.Length == 1 => (0f, 0.1f),
            _ when name.Contains("embed", StringComparison.Ordinal) => (0f, 1f),
            _ => (0f, 1 / MathF.Sqrt(shape[^1])),
        };
        for (int i = 0; i < values.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = mean + (deviation * (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }
        return values;
    }

    /// <summary>Writes one tensor's values in a type.</summary>
    public static TensorToWrite Tensor(string name, TensorType type, long[] shape, float[] values) => new(name, type, shape, stream =>
    {
        var narrow = new ushort[values.Length];
        if (type == TensorType.F16) FloatConversion.SingleToHalf(values, narrow);
        if (type == TensorType.BF16) FloatConversion.SingleToBFloat16(values, narrow);
        stream.Write(type == TensorType.F32
            ? System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)
            : System.Runtime.InteropServices.MemoryMarshal.AsBytes<ushort>(narrow));
    });

    public static void WriteTokenizer(string folder)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(b => ByteSymbol((byte)b).ToString())];
        var vocabulary = new JsonObject();
        foreach (string token in bytes.Concat(Merges.Select(merge => merge.Left + merge.Right))) vocabulary[token] = vocabulary.Count;
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. AddedTokens.Select((token, index) => (JsonNode)new JsonObject
            {
                ["id"] = BosTokenId + index,
                ["content"] = token.Text,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = token.Special,
            })]),
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = QwenSplit }, ["behavior"] = "Isolated", ["invert"] = false },
                    new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false }),
            },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["byte_fallback"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. Merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]),
            },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
        var config = new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["bos_token"] = AddedTokens[0].Text,
            ["eos_token"] = AddedTokens[1].Text,
            ["pad_token"] = AddedTokens[2].Text,
            ["add_bos_token"] = false,
            ["model_max_length"] = 256,
            ["chat_template"] = ChatTemplate,
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString());
    }

    /// <summary>Writes a model of any shape with random weights.</summary>
    public static ModelConfig Write(string folder, ModelConfig config, int seed = 1, TensorType type = TensorType.F32)
    {
        Directory.CreateDirectory(folder);
        ModelConfigFile.Save(config, folder);
        SafetensorsWriter.Write(Path.Combine(folder, WeightSource.SingleFileName),
            [.. Tensors(config).Select(tensor => Tensor(tensor.Name, type, tensor.Shape, Values(tensor.Name, tensor.Shape, seed)))]);
        WriteTokenizer(folder);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"do_sample":true,"temperature":0.6,"top_p":0.95}""");
        return config;
    }

    private static IEnumerable<(string, long[])> GroupedQueryAttention(ModelConfig config)
    {
        long queries = config.NumAttentionHeads * config.HeadDim, keys = config.NumKeyValueHeads * config.HeadDim;
        foreach ((string name, long rows) in new[] { ("q_proj", queries), ("k_proj", keys), ("v_proj", keys) })
        {
            yield return ($"{name}.weight", [rows, config.HiddenSize]);
            if (config.Architecture == Architecture.Qwen2) yield return ($"{name}.bias", [rows]);
        }
        if (config.Architecture == Architecture.Qwen3)
        {
            yield return ("q_norm.weight", [config.HeadDim]);
            yield return ("k_norm.weight", [config.HeadDim]);
        }
        yield return ("o_proj.weight", [config.HiddenSize, queries]);
    }

    private static IEnumerable<(string, long[])> LatentAttention(ModelConfig config)
    {
        LatentAttentionConfig latent = config.Latent!;
        long heads = config.NumAttentionHeads;
        if (latent.QLoraRank is { } rank)
        {
            yield return ("q_a_proj.weight", [rank, config.HiddenSize]);
            yield return ("q_a_layernorm.weight", [rank]);
            yield return ("q_b_proj.weight", [heads * latent.QkHeadDim, rank]);
        }
        else
        {
            yield return ("q_proj.weight", [heads * latent.QkHeadDim, config.HiddenSize]);
        }
        yield return ("kv_a_proj_with_mqa.weight", [latent.KvLoraRank + latent.QkRopeHeadDim, config.HiddenSize]);
        yield return ("kv_a_layernorm.weight", [latent.KvLoraRank]);
        yield return ("kv_b_proj.weight", [heads * (latent.QkNopeHeadDim + latent.VHeadDim), latent.KvLoraRank]);
        yield return ("o_proj.weight", [config.HiddenSize, heads * latent.VHeadDim]);
    }

    private static IEnumerable<(string, long[])> FeedForward(string prefix, long hidden, long width) =>
        [(prefix + "gate_proj.weight", [width, hidden]), (prefix + "up_proj.weight", [width, hidden]), (prefix + "down_proj.weight", [hidden, width])];

    private static IEnumerable<(string, long[])> Experts(long hidden, MixtureConfig mixture) =>
    [
        ("gate.weight", [mixture.NRoutedExperts, hidden]),
        ("gate.e_score_correction_bias", [mixture.NRoutedExperts]),
        .. Enumerable.Range(0, mixture.NRoutedExperts).SelectMany(expert => FeedForward($"experts.{expert}.", hidden, mixture.MoeIntermediateSize)),
        .. FeedForward("shared_experts.", hidden, mixture.NSharedExperts * mixture.MoeIntermediateSize),
    ];

    // GPT-2's alphabet: printable bytes stand for themselves, the others follow from U+0100 on.
    private static char ByteSymbol(byte value)
    {
        static bool Printable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return Printable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !Printable(b)));
    }

    // string.GetHashCode differs from process to process.
    private static int HashCode(string text) => Encoding.UTF8.GetBytes(text).Aggregate(17, (hash, b) => unchecked((hash * 31) + b));
}
