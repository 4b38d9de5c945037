namespace Distill.Models.Families;

/// <summary>
/// DeepSeek-V3 and R1, and tiny-r1: latent attention and a mixture of experts. The layers for multi-token prediction, which follow the
/// decoder's own, are not loaded. Source: DeepSeek-V3 technical report, arXiv:2412.19437.
/// </summary>
internal sealed partial class DeepSeekV3Family : ModelFamily
{
    public override Architecture Architecture => Architecture.DeepSeekV3;

    public override string ClassName => "DeepseekV3ForCausalLM";

    public override string ModelType => "deepseek_v3";

    public override string GgufName => "deepseek2";

    public override bool PairsHalves => false;

    public override ModelConfig ReadConfig(ConfigKeys keys, ModelConfig common)
    {
        keys.Require(keys.Flag("rope_interleave", true), "rope_interleave", "true");
        var latent = new LatentAttentionConfig
        {
            QLoraRank = keys.WholeOrNull("q_lora_rank"),
            KvLoraRank = keys.Whole("kv_lora_rank"),
            QkNopeHeadDim = keys.Whole("qk_nope_head_dim"),
            QkRopeHeadDim = keys.Whole("qk_rope_head_dim"),
            VHeadDim = keys.Whole("v_head_dim"),
        };
        return common with
        {
            HeadDim = latent.QkHeadDim,
            Latent = latent,
            Mixture = keys.WholeOrNull("n_routed_experts") is { } experts ? ReadMixture(keys, experts) : null,
        };
    }

    public override void WriteConfig(ModelConfig config, ConfigJson json)
    {
        LatentAttentionConfig latent = config.Latent!;
        json.Set("attention_bias", false, false);
        json.Set("kv_lora_rank", latent.KvLoraRank);
        json.Set("q_lora_rank", latent.QLoraRank);
        json.Set("qk_nope_head_dim", latent.QkNopeHeadDim);
        json.Set("qk_rope_head_dim", latent.QkRopeHeadDim);
        json.Set("v_head_dim", latent.VHeadDim);
        if (config.Mixture is not { } mixture) return;
        json.Set("first_k_dense_replace", mixture.FirstKDenseReplace, 3);
        json.Set("moe_intermediate_size", mixture.MoeIntermediateSize);
        json.Set("moe_layer_freq", 1, 1);
        json.Set("n_group", mixture.NGroup, 8);
        json.Set("n_routed_experts", mixture.NRoutedExperts);
        json.Set("n_shared_experts", mixture.NSharedExperts);
        json.Set("norm_topk_prob", mixture.NormTopkProb, true);
        json.Set("num_experts_per_tok", mixture.NumExpertsPerTok);
        json.Set("routed_scaling_factor", mixture.RoutedScalingFactor, 2.5);
        json.Set("scoring_func", "sigmoid", "sigmoid");
        json.Set("topk_group", mixture.TopkGroup, 4);
        json.Set("topk_method", "noaux_tc", "noaux_tc");
    }

    // The defaults are those of transformers' DeepseekV3Config.
    private static MixtureConfig ReadMixture(ConfigKeys keys, int experts)
    {
        keys.Require(keys.Text("scoring_func", "sigmoid") == "sigmoid", "scoring_func", "sigmoid");
        keys.Require(keys.Text("topk_method", "noaux_tc") == "noaux_tc", "topk_method", "noaux_tc");
        keys.Require(keys.Whole("moe_layer_freq", 1) == 1, "moe_layer_freq", "1");
        return new()
        {
            NRoutedExperts = experts,
            NumExpertsPerTok = keys.Whole("num_experts_per_tok"),
            NSharedExperts = keys.Whole("n_shared_experts"),
            MoeIntermediateSize = keys.Whole("moe_intermediate_size"),
            FirstKDenseReplace = keys.Whole("first_k_dense_replace", 3),
            RoutedScalingFactor = keys.Number("routed_scaling_factor", 2.5),
            NormTopkProb = keys.Flag("norm_topk_prob", true),
            NGroup = keys.Whole("n_group", 8),
            TopkGroup = keys.Whole("topk_group", 4),
        };
    }
}
