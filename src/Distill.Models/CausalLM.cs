using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A decoder-only language model of any known family; parameters carry the names of the family's checkpoints.</summary>
public sealed class CausalLM : nn.Module
{
    [ComponentName(Name = "model")] private readonly Decoder _decoder;
    [ComponentName(Name = "lm_head")] private readonly Linear? _head;

    private readonly RotaryEmbedding _rotary;

    /// <summary>Makes a model whose weights are still to be loaded or drawn (<see cref="InitializeWeights"/>).</summary>
    /// <param name="config">The shape.</param>
    /// <param name="devices">Where its parts are.</param>
    public CausalLM(ModelConfig config, DeviceMap devices)
        : base(nameof(CausalLM))
    {
        Config = config;
        Devices = devices;
        _decoder = new Decoder(config, devices);
        if (!config.TieWordEmbeddings) _head = nn.Linear(config.HiddenSize, config.VocabSize, hasBias: false).to(devices.Last);
        RegisterComponents();
        _rotary = new RotaryEmbedding(config, devices.First);
    }

    /// <summary>The shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the parts are.</summary>
    public DeviceMap Devices { get; }

    /// <summary>Where tokens and positions are to be put.</summary>
    public Device Device => Devices.First;

    /// <summary>The output head, <c>[vocab, hidden]</c>: the embedding itself when they are tied.</summary>
    public Tensor HeadWeight => _head is null ? _decoder.EmbeddingWeight : _head.weight!;

    /// <summary>Final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="positions">
    /// Position of each token in its sequence, <c>[batch, seq]</c>, int64; less than the tokens held by the cache and given now together.
    /// </param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Hidden(Tensor inputIds, Tensor positions, AttentionMask mask, KVCache? cache = null) =>
        _decoder.Forward(inputIds, _rotary.At(positions, (cache?.Length ?? 0) + inputIds.shape[1]), mask, cache);

    /// <summary>Hidden states <c>[..., hidden]</c> to logits <c>[..., vocab]</c>.</summary>
    public Tensor Logits(Tensor hidden) => nn.functional.linear(Devices.First == Devices.Last ? hidden : hidden.to(HeadWeight.device), HeadWeight);

    /// <summary>Draws fresh weights: normal with the configured deviation, norms one, biases zero.</summary>
    /// <param name="seed">Same seed, same weights.</param>
    public void InitializeWeights(long seed)
    {
        using var none = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            using var scope = NewDisposeScope();
            if (name.EndsWith("bias", StringComparison.Ordinal)) parameter.zero_();
            else if (parameter.dim() == 1) parameter.fill_(1);
            else parameter.copy_(randn(parameter.shape, generator: generator) * Config.InitializerRange);
        }
    }

    /// <summary>Adjusts the routers' biases after a training step; does nothing in a dense model.</summary>
    /// <param name="speed">Size of one adjustment.</param>
    public void RebalanceExperts(double speed)
    {
        foreach (DecoderLayer layer in _decoder.Layers) layer.Experts?.Router.Rebalance(speed);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _rotary.Dispose();
        base.Dispose(disposing);
    }
}
