using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A layer's feed-forward part: dense, or a mixture of experts.</summary>
/// <param name="name">Name for error messages.</param>
public abstract class FeedForward(string name) : nn.Module(name)
{
    /// <summary>Transforms each token on its own, <c>[batch, seq, hidden]</c> in and out.</summary>
    public abstract Tensor Forward(Tensor input);
}

/// <summary>Gated feed-forward network. Source: Shazeer, "GLU variants improve transformer", arXiv:2002.05202.</summary>
public sealed class SwiGlu : FeedForward
{
    [ComponentName(Name = "gate_proj")] private readonly Projection _gate;
    [ComponentName(Name = "up_proj")] private readonly Projection _up;
    [ComponentName(Name = "down_proj")] private readonly Projection _down;

    /// <summary>Makes a network <paramref name="hidden"/> → <paramref name="intermediate"/> → <paramref name="hidden"/>.</summary>
    public SwiGlu(int hidden, int intermediate)
        : base(nameof(SwiGlu))
    {
        _gate = new Projection(hidden, intermediate);
        _up = new Projection(hidden, intermediate);
        _down = new Projection(intermediate, hidden);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => _down.Forward(nn.functional.silu(_gate.Forward(input)) * _up.Forward(input));
}
