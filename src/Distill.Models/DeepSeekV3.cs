using System.Text.Json.Nodes;

namespace Distill.Models;

/// <summary>DeepSeek-V3 and R1, and tiny-r1. Source: DeepSeek-V3 technical report, arXiv:2412.19437.</summary>
internal static class DeepSeekV3
{
    public const string ArchitectureName = "DeepseekV3ForCausalLM";

    public static ModelConfig Read(ConfigKeys keys)
    {
        keys.RefuseRopeScaling();
        int heads = keys.Whole("num_attention_heads");
        var latent = new LatentAttentionConfig
        {
            QLoraRank = keys.WholeOrNull("q_lora_rank"),
            KvLoraRank = keys.Whole("kv_lora_rank"),
            QkNopeHeadDim = keys.Whole("qk_nope_head_dim"),
            QkRopeHeadDim = keys.Whole("qk_rope_head_dim"),
            VHeadDim = keys.Whole("v_head_dim"),
        };
        return new()
        {
            Architecture = Architecture.DeepSeekV3,
            VocabSize = keys.Whole("vocab_size"),
            HiddenSize = keys.Whole("hidden_size"),
            IntermediateSize = keys.Whole("intermediate_size"),
            NumHiddenLayers = keys.Whole("num_hidden_layers"),
            NumAttentionHeads = heads,
            NumKeyValueHeads = keys.Whole("num_key_value_heads", heads),
            HeadDim = latent.QkHeadDim,
            RmsNormEps = keys.Number("rms_norm_eps", 1e-6),
            RopeTheta = keys.RopeTheta(),
            MaxPositionEmbeddings = keys.Whole("max_position_embeddings"),
            TieWordEmbeddings = keys.Flag("tie_word_embeddings", false),
            InitializerRange = keys.Number("initializer_range", 0.02),
            BosTokenId = keys.WholeOrNull("bos_token_id"),
            EosTokenIds = keys.Ids("eos_token_id"),
            PadTokenId = keys.WholeOrNull("pad_token_id"),
            Latent = latent,
            Mixture = keys.WholeOrNull("n_routed_experts") is { } experts ? ReadMixture(keys, experts) : null,
        };
    }

    private static MixtureConfig ReadMixture(ConfigKeys keys, int experts) => new()
    {
        NRoutedExperts = experts,
        NumExpertsPerTok = keys.Whole("num_experts_per_tok"),
        NSharedExperts = keys.Whole("n_shared_experts"),
        MoeIntermediateSize = keys.Whole("moe_intermediate_size"),
        FirstKDenseReplace = keys.Whole("first_k_dense_replace", 0),
        RoutedScalingFactor = keys.Number("routed_scaling_factor", 1),
        NormTopkProb = keys.Flag("norm_topk_prob", true),
        NGroup = keys.Whole("n_group", 1),
        TopkGroup = keys.Whole("topk_group", 1),
    };

    public static JsonObject Write(ModelConfig config)
    {
        LatentAttentionConfig latent = config.Latent!;
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(ArchitectureName),
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = config.BosTokenId,
            ["eos_token_id"] = ConfigJson.Ids(config.EosTokenIds),
            ["hidden_act"] = "silu",
            ["hidden_size"] = config.HiddenSize,
            ["initializer_range"] = config.InitializerRange,
            ["intermediate_size"] = config.IntermediateSize,
            ["kv_lora_rank"] = latent.KvLoraRank,
            ["max_position_embeddings"] = config.MaxPositionEmbeddings,
            ["model_type"] = "deepseek_v3",
            ["num_attention_heads"] = config.NumAttentionHeads,
            ["num_hidden_layers"] = config.NumHiddenLayers,
            ["num_key_value_heads"] = config.NumKeyValueHeads,
            ["pad_token_id"] = config.PadTokenId,
            ["q_lora_rank"] = latent.QLoraRank,
            ["qk_nope_head_dim"] = latent.QkNopeHeadDim,
            ["qk_rope_head_dim"] = latent.QkRopeHeadDim,
            ["rms_norm_eps"] = config.RmsNormEps,
            ["rope_theta"] = config.RopeTheta,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["torch_dtype"] = "float32",
            ["use_cache"] = true,
            ["v_head_dim"] = latent.VHeadDim,
            ["vocab_size"] = config.VocabSize,
        };
        if (config.Mixture is { } mixture) WriteMixture(json, mixture);
        return json;
    }

    private static void WriteMixture(JsonObject json, MixtureConfig mixture)
    {
        json["first_k_dense_replace"] = mixture.FirstKDenseReplace;
        json["moe_intermediate_size"] = mixture.MoeIntermediateSize;
        json["moe_layer_freq"] = 1;
        json["n_group"] = mixture.NGroup;
        json["n_routed_experts"] = mixture.NRoutedExperts;
        json["n_shared_experts"] = mixture.NSharedExperts;
        json["norm_topk_prob"] = mixture.NormTopkProb;
        json["num_experts_per_tok"] = mixture.NumExpertsPerTok;
        json["routed_scaling_factor"] = mixture.RoutedScalingFactor;
        json["scoring_func"] = "sigmoid";
        json["topk_group"] = mixture.TopkGroup;
        json["topk_method"] = "noaux_tc";
    }
}
