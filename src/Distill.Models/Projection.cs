using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A matrix product with a learned weight, <c>y = x Wᵀ + b</c>, beside which a low-rank adapter can stand.</summary>
public sealed class Projection : WeightMatrix
{
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;

    /// <summary>Makes a projection whose weight has no memory yet.</summary>
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

    /// <summary>What is trained here.</summary>
    internal IEnumerable<Parameter> Trained =>
        new[] { _weight, _bias, Adapter?.Down, Adapter?.Up }.OfType<Parameter>().Where(parameter => parameter.requires_grad);

    /// <summary>Multiplies <c>[..., inputs]</c> to <c>[..., outputs]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        Parameter[] trained = is_grad_enabled() ? [.. Trained] : [];
        bool inGraph = trained.Length > 0 || (is_grad_enabled() && input.requires_grad);
        if (!inGraph && !IsFrozen && Adapter is null)
        {
            Watcher?.Invoke(input);
            return nn.functional.linear(input, _weight, _bias);
        }
        using var scope = NewDisposeScope();
        using var none = no_grad();
        Tensor rows = input.reshape(-1, Columns), output = Multiply(rows).view([.. input.shape[..^1], Rows]);
        if (inGraph)
        {
            long[] shape = input.shape;
            bool goesOn = input.requires_grad;
            output = WrittenGradient.Attach(output, input, trained, [rows], [], (gradient, kept) =>
            {
                Tensor? inputGradient = goesOn ? empty_like(kept[0], requires_grad: false) : null;
                MultiplyBackward(gradient.reshape(-1, Rows), kept[0], inputGradient, adds: false);
                return inputGradient?.view(shape);
            });
        }
        return output.MoveToOuterDisposeScope();
    }

    /// <summary>The product of <c>[rows, inputs]</c>, adapter included, without a graph.</summary>
    internal Tensor Multiply(Tensor input)
    {
        Tensor output = empty([input.shape[0], Rows], device: input.device);
        Multiply(input, output);
        return output;
    }

    /// <summary>Fills <c>[rows, outputs]</c> with the product.</summary>
    internal void Multiply(Tensor input, Tensor output)
    {
        Watcher?.Invoke(input);
        if (_bias is not null) output.copy_(_bias);
        Product(input, output, adds: _bias is not null);
        Adapter?.AddProduct(output, input);
    }

    /// <summary>The backward pass of <see cref="Multiply(Tensor)"/>: adds to the gradients of what is trained, and fills that of the input, if there is one.</summary>
    internal void MultiplyBackward(Tensor outputGradient, Tensor input, Tensor? inputGradient, bool adds)
    {
        ProductBackward(outputGradient, input, inputGradient, adds);
        if (_bias is { requires_grad: true }) WrittenGradient.GradientOf(_bias).add_(outputGradient.sum([0L]));
        Adapter?.ProductBackward(outputGradient, input, inputGradient);
    }

    /// <summary>Puts an adapter beside the weight.</summary>
    public void Adapt(LowRankAdapter adapter)
    {
        Adapter = adapter.to(_weight.device);
        register_module(LowRankAdapter.ComponentName, Adapter);
    }
}
