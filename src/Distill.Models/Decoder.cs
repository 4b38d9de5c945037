using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>Everything of a language model but the output head: embedding, layers, final norm.</summary>
public sealed class Decoder : nn.Module
{
    [ComponentName(Name = "embed_tokens")] private readonly TokenEmbedding _embedding;
    [ComponentName(Name = "layers")] private readonly ModuleList<DecoderLayer> _layers;
    [ComponentName(Name = "norm")] private readonly RmsNorm _norm;

    private readonly Device[] _deviceOfLayer;

    /// <summary>Makes a decoder of the given shape.</summary>
    public Decoder(ModelConfig config, DeviceMap devices)
        : base(nameof(Decoder))
    {
        _deviceOfLayer = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(layer => devices.OfLayer(layer, config.NumHiddenLayers))];
        _embedding = new TokenEmbedding(config.VocabSize, config.HiddenSize).to(devices.First);
        _layers = nn.ModuleList([.. _deviceOfLayer.Select((device, layer) => new DecoderLayer(config, layer).to(device))]);
        _norm = new RmsNorm(config.HiddenSize, config.RmsNormEps).to(devices.Last);
        RegisterComponents();
    }

    /// <summary>The embedding, <c>[vocab, hidden]</c>.</summary>
    public TokenEmbedding Embedding => _embedding;

    /// <summary>The layers, first to last.</summary>
    public IEnumerable<DecoderLayer> Layers => _layers;

    /// <summary>How many they are.</summary>
    public int NumLayers => _deviceOfLayer.Length;

    /// <summary>A layer by its number.</summary>
    public DecoderLayer Layer(int index) => _layers[index];

    /// <summary>The norm behind the last layer.</summary>
    public RmsNorm FinalNorm => _norm;

    /// <summary>Where a layer is.</summary>
    public Device DeviceOf(int layer) => _deviceOfLayer[layer];

    /// <summary>Tokens to final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="turns">Rotary turns at the tokens' positions.</param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Forward(Tensor inputIds, Tensor turns, AttentionMask mask, KVCache? cache)
    {
        Tensor stream = _embedding.Forward(inputIds);
        for (int layer = 0; layer < _deviceOfLayer.Length; layer++)
        {
            Device device = _deviceOfLayer[layer];
            if (layer > 0 && device != _deviceOfLayer[layer - 1]) (stream, turns, mask) = (stream.to(device), turns.to(device), mask.To(device));
            stream = _layers[layer].Forward(stream, turns, mask, cache);
        }
        cache?.Advance((int)inputIds.shape[1]);
        return _norm.Forward(stream);
    }
}
