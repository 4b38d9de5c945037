using Distill.Runs;

namespace Distill.Models;

/// <summary>What every shape must satisfy, wherever it was read from.</summary>
internal static class ModelConfigRules
{
    /// <summary>Returns the shape if a model can have it; names the key that stands in the way otherwise.</summary>
    /// <exception cref="InputException">No model can have this shape.</exception>
    public static ModelConfig Checked(ModelConfig config, string path)
    {
        foreach ((string key, bool right) in Dense(config).Concat(Latent(config)).Concat(Mixture(config)).Concat(Rope(config)))
        {
            if (!right) throw new InputException($"{path}: `{key}` has a value that no model of this architecture can have", "restore the config.json that belongs to these weights");
        }
        return config;
    }

    private static IEnumerable<(string Key, bool Right)> Dense(ModelConfig config) =>
    [
        ("vocab_size", config.VocabSize is > 0 and <= 4_000_000),
        ("hidden_size", config.HiddenSize is > 0 and <= 1 << 17),
        ("intermediate_size", config.IntermediateSize is > 0 and <= 1 << 20),
        ("num_hidden_layers", config.NumHiddenLayers is > 0 and <= 1000),
        ("num_attention_heads", config.NumAttentionHeads is > 0 and <= 4096),
        ("num_key_value_heads", config.NumKeyValueHeads > 0 && config.NumAttentionHeads % config.NumKeyValueHeads == 0),
        ("head_dim", config.HeadDim is > 0 and <= 1 << 14 && config.HeadDim % 2 == 0),
        ("max_position_embeddings", config.MaxPositionEmbeddings is > 0 and <= 1 << 24),
        ("rms_norm_eps", config.RmsNormEps is > 0 and < 1),
        ("initializer_range", config.InitializerRange is >= 0 and <= 100),
        ("rope_theta", config.RopeTheta > 1),
        ("eos_token_id", config.EosTokenIds.All(id => id >= 0)),
    ];

    private static IEnumerable<(string Key, bool Right)> Latent(ModelConfig config) => config.Latent is not { } latent ? [] :
    [
        ("q_lora_rank", latent.QLoraRank is null or (> 0 and <= 1 << 16)),
        ("kv_lora_rank", latent.KvLoraRank is > 0 and <= 1 << 16),
        ("qk_nope_head_dim", latent.QkNopeHeadDim is > 0 and <= 1 << 13),
        ("qk_rope_head_dim", latent.QkRopeHeadDim is > 0 and <= 1 << 13 && latent.QkRopeHeadDim % 2 == 0),
        ("v_head_dim", latent.VHeadDim > 0 && latent.VHeadDim <= latent.QkHeadDim),
    ];

    private static IEnumerable<(string Key, bool Right)> Mixture(ModelConfig config)
    {
        if (config.Mixture is not { } mixture) yield break;
        yield return ("n_routed_experts", mixture.NRoutedExperts is > 0 and <= 1 << 13);
        yield return ("num_experts_per_tok", mixture.NumExpertsPerTok > 0 && mixture.NumExpertsPerTok <= mixture.NRoutedExperts);
        yield return ("n_shared_experts", mixture.NSharedExperts is > 0 and <= 256);
        yield return ("moe_intermediate_size", mixture.MoeIntermediateSize is > 0 and <= 1 << 20);
        yield return ("first_k_dense_replace", mixture.FirstKDenseReplace >= 0);
        yield return ("n_group", mixture.NGroup > 0 && mixture.NRoutedExperts % mixture.NGroup == 0);
        yield return ("topk_group", mixture.TopkGroup > 0 && mixture.TopkGroup <= mixture.NGroup);
        int inGroup = mixture.NRoutedExperts / mixture.NGroup;
        yield return ("n_group", mixture.NGroup == 1 || inGroup >= 2); // a group counts by its two best experts
        yield return ("num_experts_per_tok", (long)mixture.TopkGroup * inGroup >= mixture.NumExpertsPerTok);
    }

    private static IEnumerable<(string Key, bool Right)> Rope(ModelConfig config) => config.RopeScaling switch
    {
        LinearRopeScaling linear => [("factor", linear.Factor > 0)],
        Llama3RopeScaling llama =>
        [
            ("factor", llama.Factor > 0),
            ("high_freq_factor", llama.LowFreqFactor > 0 && llama.HighFreqFactor > llama.LowFreqFactor),
            ("original_max_position_embeddings", llama.OriginalMaxPositionEmbeddings > 0),
        ],
        YarnRopeScaling yarn =>
        [
            ("factor", yarn.Factor >= 1),
            ("original_max_position_embeddings", yarn.OriginalMaxPositionEmbeddings > 0),
            ("beta_fast", yarn.BetaSlow > 0 && yarn.BetaFast >= yarn.BetaSlow),
            ("attention_factor", yarn.AttentionFactor is null or > 0),
            ("mscale", yarn.Mscale is null or >= 0),
            ("mscale_all_dim", yarn.MscaleAllDim is null or >= 0),
        ],
        GivenRopeScaling given => [("rope_freqs", given.Factors.Count == config.RotaryWidth / 2 && given.Factors.All(factor => factor > 0 && float.IsFinite(factor)))],
        _ => [],
    };
}
