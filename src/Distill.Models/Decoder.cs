using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Everything of a language model but the output head: embedding, layers, final norm.</summary>
public sealed class Decoder : nn.Module
{
    [ComponentName(Name = "embed_tokens")] private readonly Embedding _embedding;
    [ComponentName(Name = "layers")] private readonly ModuleList<DecoderLayer> _layers;
    [ComponentName(Name = "norm")] private readonly RmsNorm _norm;

    /// <summary>Makes a decoder of the given shape.</summary>
    public Decoder(ModelConfig config)
        : base(nameof(Decoder))
    {
        _embedding = nn.Embedding(config.VocabSize, config.HiddenSize);
        _layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(layer => new DecoderLayer(config, layer))]);
        _norm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        RegisterComponents();
    }

    /// <summary>The embedding matrix, <c>[vocab, hidden]</c>.</summary>
    public Tensor EmbeddingWeight => _embedding.weight!;

    /// <summary>The layers, first to last.</summary>
    public IEnumerable<DecoderLayer> Layers => _layers;

    /// <summary>Tokens to final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="turns">Rotary turns at the tokens' positions.</param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Forward(Tensor inputIds, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        Tensor stream = _embedding.forward(inputIds);
        foreach (DecoderLayer layer in _layers) stream = layer.Forward(stream, turns, mask, cache);
        cache?.Advance((int)inputIds.shape[1]);
        return _norm.Forward(stream);
    }
}
