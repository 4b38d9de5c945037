using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Multi-head latent attention: keys and values of all heads are expanded from one small latent per token, and a separate
/// rotated key is shared by all heads. With a cache, the expansion is folded into the query and the output instead, so that only
/// latent and rotated key are kept. Source: DeepSeek-V2, arXiv:2405.04434, section 2.1 and appendix C.
/// </summary>
public sealed class LatentAttention : Attention
{
    [ComponentName(Name = "q_proj")] private readonly Linear? queryProjection;
    [ComponentName(Name = "q_a_proj")] private readonly Linear? queryCompression;
    [ComponentName(Name = "q_a_layernorm")] private readonly RmsNorm? queryNorm;
    [ComponentName(Name = "q_b_proj")] private readonly Linear? queryExpansion;
    [ComponentName(Name = "kv_a_proj_with_mqa")] private readonly Linear keyValueCompression;
    [ComponentName(Name = "kv_a_layernorm")] private readonly RmsNorm keyValueNorm;
    [ComponentName(Name = "kv_b_proj")] private readonly Linear keyValueExpansion;
    [ComponentName(Name = "o_proj")] private readonly Linear outputProjection;

    private readonly int layer, heads, rank, plain, rotated, valueWidth;
    private readonly double scale;

    /// <summary>Makes the attention of one layer.</summary>
    public LatentAttention(ModelConfig config, int layer)
        : base(nameof(LatentAttention))
    {
        LatentAttentionConfig latent = config.Latent!;
        this.layer = layer;
        (heads, rank) = (config.NumAttentionHeads, latent.KvLoraRank);
        (plain, rotated, valueWidth) = (latent.QkNopeHeadDim, latent.QkRopeHeadDim, latent.VHeadDim);
        scale = 1 / Math.Sqrt(latent.QkHeadDim);
        if (latent.QLoraRank is { } queryRank)
        {
            queryCompression = nn.Linear(config.HiddenSize, queryRank, hasBias: false);
            queryNorm = new RmsNorm(queryRank, config.RmsNormEps);
            queryExpansion = nn.Linear(queryRank, heads * latent.QkHeadDim, hasBias: false);
        }
        else
        {
            queryProjection = nn.Linear(config.HiddenSize, heads * latent.QkHeadDim, hasBias: false);
        }
        keyValueCompression = nn.Linear(config.HiddenSize, rank + rotated, hasBias: false);
        keyValueNorm = new RmsNorm(rank, config.RmsNormEps);
        keyValueExpansion = nn.Linear(rank, heads * (plain + valueWidth), hasBias: false);
        outputProjection = nn.Linear(heads * valueWidth, config.HiddenSize, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        long batch = input.shape[0], length = input.shape[1];
        Tensor[] query = Query(input).view(batch, length, heads, plain + rotated).split([plain, rotated], -1);
        Tensor queryRotated = RotaryEmbedding.Rotate(query[1], turns);                               // [batch, seq, heads, rotated]

        Tensor[] compressed = keyValueCompression.forward(input).split([rank, rotated], -1);
        Tensor latent = keyValueNorm.Forward(compressed[0]);                                          // [batch, seq, rank]
        Tensor keyRotated = RotaryEmbedding.Rotate(compressed[1].unsqueeze(2), turns);                // [batch, seq, 1, rotated]

        Tensor mixed = cache is null
            ? Expanded(query[0], queryRotated, latent, keyRotated, mask)
            : Folded(query[0], queryRotated, latent, keyRotated, mask, cache);                        // [batch, heads, seq, value]
        return outputProjection.forward(mixed.transpose(1, 2).reshape(batch, length, heads * valueWidth));
    }

    private Tensor Query(Tensor input) => queryProjection is not null
        ? queryProjection.forward(input)
        : queryExpansion!.forward(queryNorm!.Forward(queryCompression!.forward(input)));

    private Tensor Expanded(Tensor queryPlain, Tensor queryRotated, Tensor latent, Tensor keyRotated, AttentionMask mask)
    {
        long batch = latent.shape[0], length = latent.shape[1];
        Tensor[] keyValue = keyValueExpansion.forward(latent).view(batch, length, heads, plain + valueWidth).split([plain, valueWidth], -1);
        Tensor query = cat([queryPlain, queryRotated], -1).transpose(1, 2);
        Tensor key = cat([keyValue[0], keyRotated.expand(-1, -1, heads, -1)], -1).transpose(1, 2);
        // The fused kernel wants values as wide as keys: zeros beyond the value's width come out as zeros.
        Tensor value = nn.functional.pad(keyValue[1].transpose(1, 2), [0, plain + rotated - valueWidth]);
        return Aten.ScaledDotProductAttention(query, key, value, mask.Bias, mask.Causal, scale).split([valueWidth, plain + rotated - valueWidth], -1)[0];
    }

    private Tensor Folded(Tensor queryPlain, Tensor queryRotated, Tensor latent, Tensor keyRotated, AttentionMask mask, KVCache cache)
    {
        (Tensor latents, Tensor keysRotated) = cache.Append(layer, latent.unsqueeze(1), keyRotated.transpose(1, 2)); // [batch, 1, keys, …]
        Tensor[] expansion = keyValueExpansion.weight!.view(heads, plain + valueWidth, rank).split([plain, valueWidth], 1);

        Tensor queryLatent = matmul(queryPlain.transpose(1, 2), expansion[0]);                        // [batch, heads, seq, rank]
        Tensor scores = matmul(queryLatent, latents.transpose(-1, -2)) + matmul(queryRotated.transpose(1, 2), keysRotated.transpose(-1, -2));
        scores = scores * scale;
        if (mask.Bias is not null) scores = scores + mask.Bias;
        else if (mask.Causal) scores = scores + CausalBias(scores);
        Tensor mixed = matmul(scores.softmax(-1), latents);                                           // [batch, heads, seq, rank]
        return matmul(mixed, expansion[1].transpose(-1, -2));
    }

    private static Tensor CausalBias(Tensor scores)
    {
        long queries = scores.shape[^2], keys = scores.shape[^1];
        return full([queries, keys], float.NegativeInfinity, scores.dtype, scores.device).triu(keys - queries + 1);
    }
}
