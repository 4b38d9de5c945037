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
        if (!inGraph && IsAtHand && Adapter is null)
        {
            Watcher?.Invoke(input);
            return Linear(input, _bias);
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
        Tensor output = empty([input.shape[0], Rows], input.dtype, input.device);
        Multiply(input, output);
        return output;
    }

    /// <summary>Fills <c>[rows, outputs]</c> with the product.</summary>
    internal void Multiply(Tensor input, Tensor output) => MultiplyAll(input, [output], this);

    /// <summary>Fills <c>[rows, outputs]</c> each with the products of one input; the few rows of a decoding step go through all projections at once.</summary>
    internal static void MultiplyAll(Tensor input, Tensor[] outputs, params Projection[] projections)
    {
        bool skinny = Array.TrueForAll(projections, projection => projection.IsSkinny(input)) && Array.TrueForAll(outputs, output => output.is_contiguous());
        if (skinny) SkinnyProduct.Into(outputs, input, Array.ConvertAll(projections, projection => (projection.Weight, (Tensor?)projection._bias)));
        for (int i = 0; i < outputs.Length; i++)
        {
            (Projection projection, Tensor output) = (projections[i], outputs[i]);
            projection.Watcher?.Invoke(input);
            if (!skinny)
            {
                if (projection._bias is not null) output.copy_(projection._bias);
                projection.Product(input, output, adds: projection._bias is not null);
            }
            projection.Adapter?.AddProduct(output, input);
        }
    }

    /// <summary>Projections of the same <c>[..., inputs]</c>; where nobody asks for gradients, few rows go through all of them at once.</summary>
    public static Tensor[] ForwardAll(Tensor input, params Projection[] projections)
    {
        if (!SkinnyProduct.Takes(input, projections[0].Columns)) return Array.ConvertAll(projections, projection => projection.Forward(input));
        Tensor rows = input.reshape(-1, projections[0].Columns);
        Tensor[] outputs = Array.ConvertAll(projections, projection => empty(rows.size(0), projection.Rows));
        MultiplyAll(rows, outputs, projections);
        return Array.ConvertAll(outputs, output => output.view([.. input.shape[..^1], output.size(1)]));
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
        Adapter = adapter.to(Device);
        register_module(LowRankAdapter.ComponentName, Adapter);
    }
}
