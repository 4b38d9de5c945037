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
    [ComponentName(Name = "q_proj")] private readonly Projection? _queryProjection;
    [ComponentName(Name = "q_a_proj")] private readonly Projection? _queryCompression;
    [ComponentName(Name = "q_a_layernorm")] private readonly RmsNorm? _queryNorm;
    [ComponentName(Name = "q_b_proj")] private readonly Projection? _queryExpansion;
    [ComponentName(Name = "kv_a_proj_with_mqa")] private readonly Projection _keyValueCompression;
    [ComponentName(Name = "kv_a_layernorm")] private readonly RmsNorm _keyValueNorm;
    [ComponentName(Name = "kv_b_proj")] private readonly Projection _keyValueExpansion;
    [ComponentName(Name = "o_proj")] private readonly Projection _outputProjection;

    private readonly int _layer, _heads, _rank, _plain, _rotated, _valueWidth;
    private readonly double _scale;

    /// <summary>Makes the attention of one layer.</summary>
    public LatentAttention(ModelConfig config, int layer)
        : base(nameof(LatentAttention))
    {
        LatentAttentionConfig latent = config.Latent!;
        _layer = layer;
        (_heads, _rank) = (config.NumAttentionHeads, latent.KvLoraRank);
        (_plain, _rotated, _valueWidth) = (latent.QkNopeHeadDim, latent.QkRopeHeadDim, latent.VHeadDim);
        _scale = (config.RopeScaling?.ScoreFactor ?? 1) / Math.Sqrt(latent.QkHeadDim);
        if (latent.QLoraRank is { } queryRank)
        {
            _queryCompression = new Projection(config.HiddenSize, queryRank);
            _queryNorm = new RmsNorm(queryRank, config.RmsNormEps);
            _queryExpansion = new Projection(queryRank, _heads * latent.QkHeadDim);
        }
        else
        {
            _queryProjection = new Projection(config.HiddenSize, _heads * latent.QkHeadDim);
        }
        _keyValueCompression = new Projection(config.HiddenSize, _rank + _rotated);
        _keyValueNorm = new RmsNorm(_rank, config.RmsNormEps);
        _keyValueExpansion = new Projection(_rank, _heads * (_plain + _valueWidth));
        _outputProjection = new Projection(_heads * _valueWidth, config.HiddenSize);
        RegisterComponents();
    }

    internal int Layer => _layer;

    /// <summary>Sees the query's plain part, as it is folded with the keys' half of the expansion: [heads, rows, plain].</summary>
    internal Action<Tensor>? KeyWatcher { get; set; }

    /// <summary>Sees the mixed latents, as they are folded with the values' half of the expansion: [heads, rows, rank].</summary>
    internal Action<Tensor>? ValueWatcher { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        Latents latents = Compress(input, turns);
        if (cache is not null) return Projected(Folded(latents, mask, cache));
        (Tensor query, Tensor key, Tensor value) = Expand(latents);
        return Output(mask.Attend(query, key, value, _scale));
    }

    /// <inheritdoc/>
    internal override double? Scale => _scale;

    /// <inheritdoc/>
    internal override AttentionHeads Heads(Tensor input, Tensor turns) => Expand(Compress(input, turns));

    /// <inheritdoc/>
    internal override Tensor Output(Tensor mixed) => Projected(mixed.split([_valueWidth, _plain + _rotated - _valueWidth], -1)[0]);

    // [batch, heads, seq, value]
    private Tensor Projected(Tensor mixed) => _outputProjection.Forward(mixed.transpose(1, 2).reshape(mixed.shape[0], mixed.shape[2], _heads * _valueWidth));

    // Queries in their two parts, [batch, seq, heads, plain or rotated]; a token's latent, [batch, seq, rank], and its rotated key, [batch, seq, 1, rotated].
    private readonly record struct Latents(Tensor QueryPlain, Tensor QueryRotated, Tensor Latent, Tensor KeyRotated);

    private Latents Compress(Tensor input, Tensor turns)
    {
        long batch = input.shape[0], length = input.shape[1];
        Tensor[] query = Query(input).view(batch, length, _heads, _plain + _rotated).split([_plain, _rotated], -1);
        Tensor[] compressed = _keyValueCompression.Forward(input).split([_rank, _rotated], -1);
        return new(query[0], RotaryEmbedding.Rotate(query[1], turns), _keyValueNorm.Forward(compressed[0]), RotaryEmbedding.Rotate(compressed[1].unsqueeze(2), turns));
    }

    private Tensor Query(Tensor input) => _queryProjection is not null
        ? _queryProjection.Forward(input)
        : _queryExpansion!.Forward(_queryNorm!.Forward(_queryCompression!.Forward(input)));

    private AttentionHeads Expand(Latents latents)
    {
        (Tensor queryPlain, Tensor queryRotated, Tensor latent, Tensor keyRotated) = latents;
        long batch = latent.shape[0], length = latent.shape[1];
        Tensor[] keyValue = _keyValueExpansion.Forward(latent).view(batch, length, _heads, _plain + _valueWidth).split([_plain, _valueWidth], -1);
        Tensor query = cat([queryPlain, queryRotated], -1).transpose(1, 2);
        Tensor key = cat([keyValue[0], keyRotated.expand(-1, -1, _heads, -1)], -1).transpose(1, 2);
        // The fused kernel wants values as wide as keys: zeros beyond the value's width come out as zeros.
        return new(query, key, nn.functional.pad(keyValue[1].transpose(1, 2), [0, _plain + _rotated - _valueWidth]));
    }

    private Tensor Folded(Latents input, AttentionMask mask, KVCache cache)
    {
        (Tensor queryPlain, Tensor queryRotated, Tensor latent, Tensor keyRotated) = input;
        long batch = latent.shape[0], length = latent.shape[1];
        (Tensor latents, Tensor keysRotated) = cache.Append(_layer, latent.unsqueeze(1), keyRotated.transpose(1, 2)); // [batch, 1, keys, …]
        Tensor[] expansion = _keyValueExpansion.Weight.view(_heads, _plain + _valueWidth, _rank).split([_plain, _valueWidth], 1);

        // All heads share one key, so heads and queries are rows of one matrix: nothing is copied per head.
        Tensor queryLatent = Rows(PerHead(queryPlain.permute(2, 0, 1, 3), expansion[0], KeyWatcher));  // [batch, heads · seq, rank]
        Tensor keyLatent = latents.squeeze(1), keyRotation = keysRotated.squeeze(1);                   // [batch, keys, …]
        Tensor scores = matmul(queryLatent, keyLatent.transpose(1, 2)) + matmul(Rows(queryRotated.transpose(1, 2)), keyRotation.transpose(1, 2));
        scores = scores.view(batch, _heads, length, -1) * _scale;
        if (mask.Bias is not null) scores = scores + mask.Bias;
        else if (mask.Causal) scores = scores + CausalBias(scores);
        Tensor mixed = matmul(Rows(scores.softmax(-1)), keyLatent).view(batch, _heads, length, _rank);
        return PerHead(mixed.transpose(0, 1), expansion[1].transpose(1, 2), ValueWatcher);

        Tensor Rows(Tensor heads) => heads.reshape(batch, _heads * length, heads.shape[^1]);

        // [heads, batch, seq, in] times [heads, in, out] is [batch, heads, seq, out].
        Tensor PerHead(Tensor values, Tensor matrices, Action<Tensor>? watcher)
        {
            Tensor rows = values.reshape(_heads, batch * length, -1);
            watcher?.Invoke(rows);
            return matmul(rows, matrices).view(_heads, batch, length, -1).transpose(0, 1);
        }
    }

    private static Tensor CausalBias(Tensor scores)
    {
        long queries = scores.shape[^2], keys = scores.shape[^1];
        return full([queries, keys], float.NegativeInfinity, scores.dtype, scores.device).triu(keys - queries + 1);
    }
}
