using System.Text.Json.Nodes;

namespace Distill.Models;

/// <summary>Qwen2 and Qwen2.5, and the R1 distillations made from them. Source: Qwen2 technical report, arXiv:2407.10671.</summary>
internal static class Qwen2
{
    public const string ArchitectureName = "Qwen2ForCausalLM";

    public static ModelConfig Read(ConfigKeys keys)
    {
        keys.RefuseRopeScaling();
        int heads = keys.Whole("num_attention_heads"), hidden = keys.Whole("hidden_size");
        return new()
        {
            Architecture = Architecture.Qwen2,
            VocabSize = keys.Whole("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = keys.Whole("intermediate_size"),
            NumHiddenLayers = keys.Whole("num_hidden_layers"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = keys.Whole("num_key_value_heads", heads),
            HeadDim = keys.WholeOrNull("head_dim") ?? hidden / Math.Max(heads, 1),
            RmsNormEps = keys.Number("rms_norm_eps", 1e-6),
            RopeTheta = keys.RopeTheta(),
            MaxPositionEmbeddings = keys.Whole("max_position_embeddings"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            InitializerRange = keys.Number("initializer_range", 0.02),
            BosTokenId = keys.WholeOrNull("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.WholeOrNull("pad_token_id"),
        };
    }

    public static JsonObject Write(ModelConfig config) => new()
    {
        ["architectures"] = new JsonArray(ArchitectureName),
        ["attention_dropout"] = 0.0,
        ["bos_token_id"] = config.BosTokenId,
        ["eos_token_id"] = ConfigJson.Ids(config.EosTokenIds),
        ["head_dim"] = config.HeadDim,
        ["hidden_act"] = "silu",
        ["hidden_size"] = config.HiddenSize,
        ["initializer_range"] = config.InitializerRange,
        ["intermediate_size"] = config.IntermediateSize,
        ["max_position_embeddings"] = config.MaxPositionEmbeddings,
        ["model_type"] = "qwen2",
        ["num_attention_heads"] = config.NumAttentionHeads,
        ["num_hidden_layers"] = config.NumHiddenLayers,
        ["num_key_value_heads"] = config.NumKeyValueHeads,
        ["pad_token_id"] = config.PadTokenId,
        ["rms_norm_eps"] = config.RmsNormEps,
        ["rope_theta"] = config.RopeTheta,
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["torch_dtype"] = "float32",
        ["use_cache"] = true,
        ["use_sliding_window"] = false,
        ["vocab_size"] = config.VocabSize,
    };
}
