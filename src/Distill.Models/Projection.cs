using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A matrix product with a learned weight, <c>y = x Wᵀ + b</c>, beside which a low-rank adapter can stand.</summary>
public sealed class Projection : WeightMatrix
{
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;

    /// <summary>Makes a projection whose weight is still to be loaded or drawn.</summary>
    /// <param name="inputs">Width of the input.</param>
    /// <param name="outputs">Width of the output.</param>
    /// <param name="hasBias">Whether something is added.</param>
    public Projection(long inputs, long outputs, bool hasBias = false)
        : base(nameof(Projection), outputs, inputs)
    {
        if (hasBias) _bias = nn.Parameter(zeros(outputs));
        RegisterComponents();
    }

    /// <summary>The adapter, or null.</summary>
    public LowRankAdapter? Adapter { get; private set; }

    /// <summary>Sees everything that enters, before it is multiplied; null when nobody watches.</summary>
    internal Action<Tensor>? Watcher { get; set; }

    /// <summary>Multiplies <c>[..., inputs]</c> to <c>[..., outputs]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        Watcher?.Invoke(input);
        Tensor output = nn.functional.linear(input, Weight, _bias);
        return Adapter is null ? output : output + Adapter.Forward(input);
    }

    /// <summary>Puts an adapter beside the weight.</summary>
    public void Adapt(LowRankAdapter adapter)
    {
        Adapter = adapter.to(_weight.device);
        register_module(LowRankAdapter.ComponentName, Adapter);
    }
}
