using TorchSharp.Modules;
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
    public override Tensor Forward(Tensor input)
    {
        Projection[] projections = [_gate, _up, _down];
        Parameter[] trained = is_grad_enabled() ? [.. projections.SelectMany(projection => projection.Trained)] : [];
        bool inGraph = trained.Length > 0 || (is_grad_enabled() && input.requires_grad);
        using var scope = NewDisposeScope();
        using var none = no_grad();
        Tensor rows = input.reshape(-1, _gate.Columns), output;
        Scratch gate = Scratch.Take(rows, rows.shape[0], _gate.Rows), up = Scratch.Take(rows, rows.shape[0], _gate.Rows);
        Projection.MultiplyAll(rows, [gate.Values, up.Values], _gate, _up);
        using (Scratch product = Scratch.Take(rows, gate.Values.shape))
        {
            GatedActivation.Multiply(gate.Values, up.Values, product.Values);
            output = _down.Multiply(product.Values).view(input.shape);
        }
        if (inGraph)
        {
            long[] shape = input.shape;
            bool goesOn = input.requires_grad;
            output = WrittenGradient.Attach(output, input, trained, [rows, gate.Values, up.Values], [gate, up],
                (gradient, kept) => Backward(gradient, kept[0], kept[1], kept[2], goesOn)?.view(shape));
        }
        else
        {
            gate.Dispose();
            up.Dispose();
        }
        return output.MoveToOuterDisposeScope();
    }

    // y = down(product). Of the products only gate and up are kept; they become their own gradients.
    private Tensor? Backward(Tensor gradient, Tensor input, Tensor gate, Tensor up, bool goesOn)
    {
        using Scratch product = Scratch.Take(gate, gate.shape), productGradient = Scratch.Take(gate, gate.shape);
        GatedActivation.Multiply(gate, up, product.Values);
        _down.MultiplyBackward(gradient.reshape(-1, _down.Rows), product.Values, productGradient.Values, adds: false);
        GatedActivation.Backward(gate, up, productGradient.Values);
        Tensor? inputGradient = goesOn ? empty_like(input) : null;
        _up.MultiplyBackward(up, input, inputGradient, adds: false);
        _gate.MultiplyBackward(gate, input, inputGradient, adds: true);
        return inputGradient;
    }
}
