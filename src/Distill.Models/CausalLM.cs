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
    private readonly Device _device;

    /// <summary>Makes a model whose weights are still to be loaded or drawn (<see cref="InitializeWeights"/>).</summary>
    public CausalLM(ModelConfig config, Device device)
        : base(nameof(CausalLM))
    {
        Config = config;
        _device = device;
        _decoder = new Decoder(config);
        if (!config.TieWordEmbeddings) _head = nn.Linear(config.HiddenSize, config.VocabSize, hasBias: false);
        RegisterComponents();
        this.to(device);
        _rotary = new RotaryEmbedding(config.Latent?.QkRopeHeadDim ?? config.HeadDim, config.RopeTheta, config.MaxPositionEmbeddings, device);
    }

    /// <summary>The shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device => _device;

    /// <summary>The output head, <c>[vocab, hidden]</c>: the embedding itself when they are tied.</summary>
    public Tensor HeadWeight => _head is null ? _decoder.EmbeddingWeight : _head.weight!;

    /// <summary>Final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="positions">Position of each token in its sequence, <c>[batch, seq]</c>, int64.</param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Hidden(Tensor inputIds, Tensor positions, AttentionMask mask, KVCache? cache = null) =>
        _decoder.Forward(inputIds, _rotary.At(positions), mask, cache);

    /// <summary>Hidden states <c>[..., hidden]</c> to logits <c>[..., vocab]</c>.</summary>
    public Tensor Logits(Tensor hidden) => nn.functional.linear(hidden, HeadWeight);

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
