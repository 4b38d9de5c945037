using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Attention in which several query heads share one key and value head. Source: Ainslie and others, arXiv:2305.13245; with
/// biases on queries, keys and values as in Qwen2, arXiv:2407.10671.
/// </summary>
public sealed class GroupedQueryAttention : Attention
{
    [ComponentName(Name = "q_proj")] private readonly Linear _queryProjection;
    [ComponentName(Name = "k_proj")] private readonly Linear _keyProjection;
    [ComponentName(Name = "v_proj")] private readonly Linear _valueProjection;
    [ComponentName(Name = "o_proj")] private readonly Linear _outputProjection;

    private readonly int _layer, _heads, _keyValueHeads, _width;

    /// <summary>Makes the attention of one layer.</summary>
    public GroupedQueryAttention(ModelConfig config, int layer)
        : base(nameof(GroupedQueryAttention))
    {
        _layer = layer;
        (_heads, _keyValueHeads, _width) = (config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim);
        _queryProjection = nn.Linear(config.HiddenSize, _heads * _width, hasBias: true);
        _keyProjection = nn.Linear(config.HiddenSize, _keyValueHeads * _width, hasBias: true);
        _valueProjection = nn.Linear(config.HiddenSize, _keyValueHeads * _width, hasBias: true);
        _outputProjection = nn.Linear(_heads * _width, config.HiddenSize, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        long batch = input.shape[0], length = input.shape[1];
        Tensor query = RotaryEmbedding.Rotate(_queryProjection.forward(input).view(batch, length, _heads, _width), turns).transpose(1, 2);
        Tensor key = RotaryEmbedding.Rotate(_keyProjection.forward(input).view(batch, length, _keyValueHeads, _width), turns).transpose(1, 2);
        Tensor value = _valueProjection.forward(input).view(batch, length, _keyValueHeads, _width).transpose(1, 2);
        if (cache is not null) (key, value) = cache.Append(_layer, key, value);

        Tensor mixed = Aten.ScaledDotProductAttention(query, key, value, mask.Bias, mask.Causal); // [batch, heads, seq, width]
        return _outputProjection.forward(mixed.transpose(1, 2).reshape(batch, length, _heads * _width));
    }
}
