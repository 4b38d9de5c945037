namespace Distill.Models;

/// <summary>A tensor that a checkpoint must have.</summary>
/// <param name="Name">Name in Hugging Face's layout.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
public sealed record CheckpointTensor(string Name, IReadOnlyList<long> Shape);

/// <summary>Which tensors the checkpoint of a model has, in the order of the forward pass.</summary>
public static class CheckpointTensors
{
    private const string LayerPrefix = "model.layers.";

    /// <summary>The tensors of a model of that shape.</summary>
    public static IEnumerable<CheckpointTensor> Of(ModelConfig config)
    {
        yield return new("model.embed_tokens.weight", [config.VocabSize, config.HiddenSize]);
        for (int layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            string prefix = $"{LayerPrefix}{layer}.";
            yield return new(prefix + "input_layernorm.weight", [config.HiddenSize]);
            foreach (CheckpointTensor tensor in config.Latent is { } latent ? LatentAttention(config, latent) : GroupedQueryAttention(config))
                yield return tensor with { Name = $"{prefix}self_attn.{tensor.Name}" };
            yield return new(prefix + "post_attention_layernorm.weight", [config.HiddenSize]);
            foreach (CheckpointTensor tensor in config.Mixture is { } mixture && layer >= mixture.FirstKDenseReplace ? Experts(config, mixture) : FeedForward("", config.HiddenSize, config.IntermediateSize))
                yield return tensor with { Name = $"{prefix}mlp.{tensor.Name}" };
        }
        yield return new("model.norm.weight", [config.HiddenSize]);
        if (!config.TieWordEmbeddings) yield return new("lm_head.weight", [config.VocabSize, config.HiddenSize]);
    }

    /// <summary>
    /// Whether a checkpoint may have this tensor although the model has no use for it: buffers that old checkpoints saved, a head that is
    /// tied, and layers for multi-token prediction, which stand after the decoder's own.
    /// </summary>
    public static bool IsSuperfluous(ModelConfig config, string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || name.EndsWith(".attention.masked_bias", StringComparison.Ordinal)
        || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || (config.TieWordEmbeddings && name == "lm_head.weight")
        || LayerOf(name) >= config.NumHiddenLayers;

    private static int? LayerOf(string name)
    {
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal)) return null;
        ReadOnlySpan<char> rest = name.AsSpan(LayerPrefix.Length);
        int dot = rest.IndexOf('.');
        return dot > 0 && int.TryParse(rest[..dot], out int layer) ? layer : null;
    }

    private static IEnumerable<CheckpointTensor> GroupedQueryAttention(ModelConfig config)
    {
        long queries = (long)config.NumAttentionHeads * config.HeadDim, keys = (long)config.NumKeyValueHeads * config.HeadDim;
        foreach ((string projection, long rows) in new[] { ("q_proj", queries), ("k_proj", keys), ("v_proj", keys) })
        {
            yield return new($"{projection}.weight", [rows, config.HiddenSize]);
            if (config.AttentionBias) yield return new($"{projection}.bias", [rows]);
        }
        if (config.QueryKeyNorm)
        {
            yield return new("q_norm.weight", [config.HeadDim]);
            yield return new("k_norm.weight", [config.HeadDim]);
        }
        yield return new("o_proj.weight", [config.HiddenSize, queries]);
    }

    private static IEnumerable<CheckpointTensor> LatentAttention(ModelConfig config, LatentAttentionConfig latent)
    {
        long heads = config.NumAttentionHeads;
        if (latent.QLoraRank is { } rank)
        {
            yield return new("q_a_proj.weight", [rank, config.HiddenSize]);
            yield return new("q_a_layernorm.weight", [rank]);
            yield return new("q_b_proj.weight", [heads * latent.QkHeadDim, rank]);
        }
        else
        {
            yield return new("q_proj.weight", [heads * latent.QkHeadDim, config.HiddenSize]);
        }
        yield return new("kv_a_proj_with_mqa.weight", [latent.KvLoraRank + latent.QkRopeHeadDim, config.HiddenSize]);
        yield return new("kv_a_layernorm.weight", [latent.KvLoraRank]);
        yield return new("kv_b_proj.weight", [heads * (latent.QkNopeHeadDim + latent.VHeadDim), latent.KvLoraRank]);
        yield return new("o_proj.weight", [config.HiddenSize, heads * latent.VHeadDim]);
    }

    private static IEnumerable<CheckpointTensor> Experts(ModelConfig config, MixtureConfig mixture) =>
    [
        new("gate.weight", [mixture.NRoutedExperts, config.HiddenSize]),
        new("gate.e_score_correction_bias", [mixture.NRoutedExperts]),
        .. Enumerable.Range(0, mixture.NRoutedExperts).SelectMany(expert => FeedForward($"experts.{expert}.", config.HiddenSize, mixture.MoeIntermediateSize)),
        .. FeedForward("shared_experts.", config.HiddenSize, (long)mixture.NSharedExperts * mixture.MoeIntermediateSize),
    ];

    private static IEnumerable<CheckpointTensor> FeedForward(string prefix, long hidden, long width) =>
    [
        new(prefix + "gate_proj.weight", [width, hidden]),
        new(prefix + "up_proj.weight", [width, hidden]),
        new(prefix + "down_proj.weight", [hidden, width]),
    ];
}
