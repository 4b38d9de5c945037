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
    [ComponentName(Name = "q_proj")] private readonly Linear queryProjection;
    [ComponentName(Name = "k_proj")] private readonly Linear keyProjection;
    [ComponentName(Name = "v_proj")] private readonly Linear valueProjection;
    [ComponentName(Name = "o_proj")] private readonly Linear outputProjection;

    private readonly int layer, heads, keyValueHeads, width;

    /// <summary>Makes the attention of one layer.</summary>
    public GroupedQueryAttention(ModelConfig config, int layer)
        : base(nameof(GroupedQueryAttention))
    {
        this.layer = layer;
        (heads, keyValueHeads, width) = (config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim);
        queryProjection = nn.Linear(config.HiddenSize, heads * width, hasBias: true);
        keyProjection = nn.Linear(config.HiddenSize, keyValueHeads * width, hasBias: true);
        valueProjection = nn.Linear(config.HiddenSize, keyValueHeads * width, hasBias: true);
        outputProjection = nn.Linear(heads * width, config.HiddenSize, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        long batch = input.shape[0], length = input.shape[1];
        Tensor query = RotaryEmbedding.Rotate(queryProjection.forward(input).view(batch, length, heads, width), turns).transpose(1, 2);
        Tensor key = RotaryEmbedding.Rotate(keyProjection.forward(input).view(batch, length, keyValueHeads, width), turns).transpose(1, 2);
        Tensor value = valueProjection.forward(input).view(batch, length, keyValueHeads, width).transpose(1, 2);
        if (cache is not null) (key, value) = cache.Append(layer, key, value);

        Tensor mixed = Aten.ScaledDotProductAttention(query, key, value, mask.Bias, mask.Causal); // [batch, heads, seq, width]
        return outputProjection.forward(mixed.transpose(1, 2).reshape(batch, length, heads * width));
    }
}
