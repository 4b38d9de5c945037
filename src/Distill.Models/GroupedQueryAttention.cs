using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Attention in which several query heads share one key and value head. Source: Ainslie and others, arXiv:2305.13245; with
/// biases on queries, keys and values as in Qwen2, arXiv:2407.10671, or norms on query and key heads as in Qwen3, arXiv:2505.09388.
/// </summary>
public sealed class GroupedQueryAttention : Attention
{
    [ComponentName(Name = "q_proj")] private readonly Projection _queryProjection;
    [ComponentName(Name = "k_proj")] private readonly Projection _keyProjection;
    [ComponentName(Name = "v_proj")] private readonly Projection _valueProjection;
    [ComponentName(Name = "o_proj")] private readonly Projection _outputProjection;
    [ComponentName(Name = "q_norm")] private readonly RmsNorm? _queryNorm;
    [ComponentName(Name = "k_norm")] private readonly RmsNorm? _keyNorm;

    private readonly int _layer, _heads, _keyValueHeads, _width;

    /// <summary>Makes the attention of one layer.</summary>
    public GroupedQueryAttention(ModelConfig config, int layer)
        : base(nameof(GroupedQueryAttention))
    {
        _layer = layer;
        (_heads, _keyValueHeads, _width) = (config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim);
        _queryProjection = new Projection(config.HiddenSize, _heads * _width, config.AttentionBias);
        _keyProjection = new Projection(config.HiddenSize, _keyValueHeads * _width, config.AttentionBias);
        _valueProjection = new Projection(config.HiddenSize, _keyValueHeads * _width, config.AttentionBias);
        _outputProjection = new Projection(_heads * _width, config.HiddenSize);
        if (config.QueryKeyNorm) (_queryNorm, _keyNorm) = (new RmsNorm(_width, config.RmsNormEps), new RmsNorm(_width, config.RmsNormEps));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        (Tensor query, Tensor key, Tensor value) = Heads(input, turns);
        if (cache is not null) (key, value) = cache.Append(_layer, key, value);
        return Output(mask.Attend(query, key, value));
    }

    /// <inheritdoc/>
    internal override AttentionHeads Heads(Tensor input, Tensor turns)
    {
        long batch = input.shape[0], length = input.shape[1];
        Tensor[] projected = Projection.ForwardAll(input, _queryProjection, _keyProjection, _valueProjection);
        Tensor query = projected[0].view(batch, length, _heads, _width);
        Tensor key = projected[1].view(batch, length, _keyValueHeads, _width);
        Tensor value = projected[2].view(batch, length, _keyValueHeads, _width).transpose(1, 2);
        if (_queryNorm is not null) (query, key) = (_queryNorm.Forward(query), _keyNorm!.Forward(key));
        return new(RotaryEmbedding.Rotate(query, turns).transpose(1, 2), RotaryEmbedding.Rotate(key, turns).transpose(1, 2), value);
    }

    /// <inheritdoc/>
    internal override Tensor Output(Tensor mixed) => _outputProjection.Forward(mixed.transpose(1, 2).reshape(mixed.shape[0], mixed.shape[2], _heads * _width));
}
