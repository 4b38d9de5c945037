using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A decoder-only language model of any known family; parameters carry the names of the family's checkpoints.</summary>
public sealed class CausalLM : nn.Module
{
    [ComponentName(Name = "model")] private readonly Decoder _decoder;
    [ComponentName(Name = "lm_head")] private readonly Projection? _head;

    private readonly RotaryEmbedding _rotary;

    /// <summary>Makes a model whose weights are still to be loaded or drawn (<see cref="InitializeWeights"/>).</summary>
    /// <param name="config">The shape.</param>
    /// <param name="devices">Where its parts are.</param>
    /// <param name="allocate">Whether matrices take memory at once; else each is still to be frozen in a format of its own.</param>
    /// <param name="trained">How matrices that are not frozen are kept: in 32-bit or 16-bit floats. Everything else is in 32-bit floats.</param>
    public CausalLM(ModelConfig config, DeviceMap devices, bool allocate = true, ScalarType trained = ScalarType.Float32)
        : base(nameof(CausalLM))
    {
        Config = config;
        Devices = devices = devices.Of(config.NumHiddenLayers);
        _decoder = new Decoder(config, devices);
        if (!config.TieWordEmbeddings) _head = new Projection(config.HiddenSize, config.VocabSize).to(devices.Last);
        RegisterComponents();
        _rotary = new RotaryEmbedding(config, devices.First);
        foreach ((string _, WeightMatrix matrix) in Matrices)
        {
            if (trained != ScalarType.Float32 || devices.MatricesOnCpu) matrix.Keep(trained, devices.MatricesOnCpu);
            if (allocate) matrix.Allocate();
        }
    }

    /// <summary>The shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the parts are.</summary>
    public DeviceMap Devices { get; }

    /// <summary>Where tokens and positions are to be put.</summary>
    public Device Device => Devices.First;

    /// <summary>Everything but the output head.</summary>
    public Decoder Decoder => _decoder;

    /// <summary>The output head, <c>[vocab, hidden]</c>: the embedding itself when they are tied.</summary>
    public WeightMatrix Head => _head is null ? _decoder.Embedding : _head;

    /// <summary>Rotary turns at the positions of a batch, <c>[batch, seq]</c> int64, to be passed to the layers.</summary>
    /// <param name="positions">Position of each token in its sequence.</param>
    /// <param name="end">One more than the highest position can be.</param>
    public Tensor Turns(Tensor positions, long end) => _rotary.At(positions, end);

    /// <summary>Final hidden states.</summary>
    /// <param name="inputIds"><c>[batch, seq]</c>, int64.</param>
    /// <param name="positions">
    /// Position of each token in its sequence, <c>[batch, seq]</c>, int64; less than the tokens held by the cache and given now together.
    /// </param>
    /// <param name="mask">Which keys a query may look at.</param>
    /// <param name="cache">Cache to read and extend, or null.</param>
    /// <returns><c>[batch, seq, hidden]</c>.</returns>
    public Tensor Hidden(Tensor inputIds, Tensor positions, AttentionMask mask, KVCache? cache = null) =>
        _decoder.Forward(inputIds, Turns(positions, (cache?.Length ?? 0) + inputIds.shape[1]), mask, cache);

    /// <summary>Hidden states <c>[..., hidden]</c> to logits <c>[..., vocab]</c>.</summary>
    public Tensor Logits(Tensor hidden) => Head.Linear(hidden.to(Head.Device));

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

    /// <summary>Freezes all weights and puts adapters beside those of some projections.</summary>
    /// <param name="targets">Last part of the projections' names, e.g. <c>q_proj</c>.</param>
    /// <param name="shape">Size of the adapters.</param>
    /// <param name="seed">Same seed, same adapters.</param>
    /// <returns>How many adapters there are.</returns>
    public int AddAdapters(IReadOnlyCollection<string> targets, LowRankShape shape, long seed)
    {
        foreach ((string _, Parameter parameter) in named_parameters()) parameter.requires_grad = false;
        using var generator = new Generator((ulong)seed);
        (string Name, Projection Projection)[] chosen = [.. Projections.Where(item => targets.Contains(item.Name.Split('.')[^1]))];
        foreach ((string _, Projection projection) in chosen) projection.Adapt(new LowRankAdapter(projection.Columns, projection.Rows, shape, generator));
        return chosen.Length;
    }

    /// <summary>All matrices by the names of their weights in the checkpoint: embedding, projections, head.</summary>
    public IEnumerable<(string Name, WeightMatrix Matrix)> Matrices => named_modules().Where(item => item.module is WeightMatrix)
        .Select(item => (item.name + ".weight", (WeightMatrix)item.module));

    /// <summary>The layers' projections by their names in the checkpoint, e.g. <c>model.layers.0.self_attn.q_proj</c>, in the order of the layers.</summary>
    public IEnumerable<(string Name, Projection Projection)> Projections => named_modules()
        .Where(item => item.module is Projection && item.name.StartsWith("model.layers.", StringComparison.Ordinal))
        .Select(item => (item.name, (Projection)item.module));

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
