using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Everything of a language model but the output head: embedding, layers, final norm.</summary>
public sealed class Decoder : nn.Module
{
    [ComponentName(Name = "embed_tokens")] private readonly Embedding embedding;
    [ComponentName(Name = "layers")] private readonly ModuleList<DecoderLayer> layers;
    [ComponentName(Name = "norm")] private readonly RmsNorm norm;

    /// <summary>Makes a decoder of the given shape.</summary>
    public Decoder(ModelConfig config)
        : base(nameof(Decoder))
    {
        embedding = nn.Embedding(config.VocabSize, config.HiddenSize);
        layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(layer => new DecoderLayer(config, layer))]);
        norm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        RegisterComponents();
    }

    /// <summary>The embedding matrix, <c>[vocab, hidden]</c>.</summary>
    public Tensor EmbeddingWeight => embedding.weight!;

    /// <summary>The layers, first to last.</summary>
    public IEnumerable<DecoderLayer> Layers => layers;

    /// <summary>Tokens to final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="turns">Rotary turns at the tokens' positions.</param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Forward(Tensor inputIds, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        Tensor stream = embedding.forward(inputIds);
        foreach (DecoderLayer layer in layers) stream = layer.Forward(stream, turns, mask, cache);
        cache?.Advance((int)inputIds.shape[1]);
        return norm.Forward(stream);
    }
}
