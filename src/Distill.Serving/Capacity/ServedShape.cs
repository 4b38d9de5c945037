using Distill.Models;

namespace Distill.Serving;

/// <summary>What a model takes in the memory of the accelerators that serve it, in bytes, part by part.</summary>
/// <param name="Name">The model.</param>
/// <param name="Parameters">Numbers in its weights.</param>
/// <param name="RoutedExperts">Experts that are chosen among.</param>
/// <param name="SharedExperts">Experts that see every token.</param>
/// <param name="Attention">Attention.</param>
/// <param name="FeedForward">Feed-forward networks of dense layers.</param>
/// <param name="Embeddings">Embedding and output head.</param>
/// <param name="Routers">Routers and norms.</param>
/// <param name="KvValuesPerToken">Numbers that the cache holds for one token, over all layers.</param>
/// <param name="KvHeads">Heads that tensor parallelism can divide the cache by; 1 for latent attention.</param>
public sealed record ServedShape(
    string Name, long Parameters, long RoutedExperts, long SharedExperts, long Attention, long FeedForward, long Embeddings, long Routers, long KvValuesPerToken, int KvHeads)
{
    private const int Block = 128, ScaleBytes = 4, Bf16Bytes = 2;

    /// <summary>The full DeepSeek-R1 (and R1-0528, V3 and V3-0324), as published: 8-bit floats with block scales. Source: config_671B.json, DeepSeek-V3 repository.</summary>
    public static ServedShape R1 { get; } = Of("DeepSeek-R1", new()
    {
        Architecture = Architecture.DeepSeekV3,
        VocabSize = 129280,
        HiddenSize = 7168,
        IntermediateSize = 18432,
        NumHiddenLayers = 61,
        NumAttentionHeads = 128,
        NumKeyValueHeads = 128,
        HeadDim = 192,
        MaxPositionEmbeddings = 163840,
        Latent = new() { QLoraRank = 1536, KvLoraRank = 512, QkNopeHeadDim = 128, QkRopeHeadDim = 64, VHeadDim = 128 },
        Mixture = new() { NRoutedExperts = 256, NumExpertsPerTok = 8, NSharedExperts = 1, MoeIntermediateSize = 2048, FirstKDenseReplace = 3, NGroup = 8, TopkGroup = 4, RoutedScalingFactor = 2.5 },
    }, isFloat8: true);

    /// <summary>Most tokens of a sequence.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Whether its weights are 8-bit floats.</summary>
    public bool IsFloat8 { get; init; }

    /// <summary>All weights.</summary>
    public long Total => RoutedExperts + SharedExperts + Attention + FeedForward + Embeddings + Routers;

    /// <summary>Bytes of the cache for one token.</summary>
    public long KvBytesPerToken(KvCacheFormat format) => KvValuesPerToken * (format == KvCacheFormat.Fp8 ? 1 : Bf16Bytes);

    /// <summary>The shape of a model.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <param name="isFloat8">Whether its projections are 8-bit floats with a scale for every 128 × 128 block; the others are 16-bit floats.</param>
    public static ServedShape Of(string name, ModelConfig config, bool isFloat8)
    {
        var parts = new Dictionary<string, long>(StringComparer.Ordinal);
        long parameters = 0;
        foreach (CheckpointTensor tensor in CheckpointTensors.Of(config))
        {
            string part = PartOf(tensor.Name);
            long count = tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension);
            parameters += count;
            parts[part] = parts.GetValueOrDefault(part) + (isFloat8 && tensor.Name.Contains("_proj", StringComparison.Ordinal) && tensor.Shape.Count == 2
                ? count + (ScaleBytes * Blocks(tensor.Shape[0]) * Blocks(tensor.Shape[1])) : count * Bf16Bytes);
        }
        long values = config.Latent is { } latent ? latent.KvLoraRank + latent.QkRopeHeadDim : 2L * config.NumKeyValueHeads * config.HeadDim;
        return new(name, parameters, Bytes("experts"), Bytes("shared_experts"), Bytes("attention"), Bytes("feed_forward"), Bytes("embeddings"), Bytes("routers"),
            values * config.NumHiddenLayers, config.Latent is null ? config.NumKeyValueHeads : 1) { ContextLength = config.MaxPositionEmbeddings, IsFloat8 = isFloat8 };

        long Bytes(string part) => parts.GetValueOrDefault(part);
    }

    private static string PartOf(string tensor) =>
        tensor.Contains(".mlp.experts.", StringComparison.Ordinal) ? "experts"
        : tensor.Contains(".mlp.shared_experts.", StringComparison.Ordinal) ? "shared_experts"
        : tensor.Contains("norm", StringComparison.Ordinal) || tensor.Contains(".mlp.gate.", StringComparison.Ordinal) ? "routers"
        : tensor.Contains(".self_attn.", StringComparison.Ordinal) ? "attention"
        : tensor.Contains(".mlp.", StringComparison.Ordinal) ? "feed_forward" : "embeddings";

    private static long Blocks(long rows) => (rows + Block - 1) / Block;
}
