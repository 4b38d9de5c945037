using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>One decoder layer: attention, then feed-forward, each on the normalized residual stream and added to it.</summary>
public sealed class DecoderLayer : nn.Module
{
    [ComponentName(Name = "input_layernorm")] private readonly RmsNorm _attentionNorm;
    [ComponentName(Name = "self_attn")] private readonly Attention _attention;
    [ComponentName(Name = "post_attention_layernorm")] private readonly RmsNorm _feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly FeedForward _feedForward;

    /// <summary>Makes layer number <paramref name="layer"/> of a model.</summary>
    public DecoderLayer(ModelConfig config, int layer)
        : base(nameof(DecoderLayer))
    {
        _attentionNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        _attention = config.Latent is null ? new GroupedQueryAttention(config, layer) : new LatentAttention(config, layer);
        _feedForwardNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        _feedForward = config.Mixture is { } mixture && layer >= mixture.FirstKDenseReplace
            ? new MixtureOfExperts(config)
            : new SwiGlu(config.HiddenSize, config.IntermediateSize);
        RegisterComponents();
    }

    /// <summary>The layer's experts, or null in a dense layer.</summary>
    public MixtureOfExperts? Experts => _feedForward as MixtureOfExperts;

    /// <summary>Passes the residual stream through, <c>[batch, seq, hidden]</c> in and out; the rest as in <see cref="Attention.Forward"/>.</summary>
    public Tensor Forward(Tensor stream, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        using var scope = NewDisposeScope(); // what the backward pass needs is kept by the graph
        return Transform(stream + _attention.Forward(_attentionNorm.Forward(stream), turns, mask, cache)).MoveToOuterDisposeScope();
    }

    /// <summary>What attention scores are multiplied by; null for one over the square root of a head's width.</summary>
    internal double? AttentionScale => _attention.Scale;

    /// <summary>The layer up to where positions meet: <c>[batch, seq, hidden]</c> to heads.</summary>
    internal AttentionHeads Heads(Tensor stream, Tensor turns) => _attention.Heads(_attentionNorm.Forward(stream), turns);

    /// <summary>Adds what the heads have mixed, <c>[batch, heads, seq, width]</c>, to the residual stream.</summary>
    internal Tensor Mix(Tensor stream, Tensor mixed) => stream + _attention.Output(mixed);

    /// <summary>The feed-forward half.</summary>
    internal Tensor Transform(Tensor stream) => stream + _feedForward.Forward(_feedForwardNorm.Forward(stream));
}
