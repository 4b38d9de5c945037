using Distill.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// All trained parameters of a model in one buffer and all gradients in another, the parameters being views: clipping, the update and
/// a checkpoint are each one operation instead of hundreds. Matrices come first, because weight decay is theirs alone.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly List<Parameter> _parameters;

    /// <summary>Moves the trained parameters of a model into one buffer; frozen ones stay where they are.</summary>
    public FlatParameters(CausalLM model)
    {
        using var none = no_grad();
        _parameters = [.. model.named_parameters().Where(item => item.parameter.requires_grad).OrderByDescending(item => item.parameter.dim() > 1).Select(item => item.parameter)];
        long count = _parameters.Sum(parameter => parameter.numel());
        MatrixCount = _parameters.Where(parameter => parameter.dim() > 1).Sum(parameter => parameter.numel());
        Values = zeros(count, device: model.Device);
        Gradients = zeros_like(Values);
        long start = 0;
        foreach (Parameter parameter in _parameters)
        {
            long length = parameter.numel();
            Tensor values = Values.narrow(0, start, length).view(parameter.shape);
            values.copy_(parameter);
            parameter.set_(values);
            parameter.grad = Gradients.narrow(0, start, length).view(parameter.shape);
            start += length;
        }
    }

    /// <summary>Values of all parameters, <c>[count]</c>.</summary>
    public Tensor Values { get; }

    /// <summary>Gradients of all parameters, <c>[count]</c>; a backward pass adds to them.</summary>
    public Tensor Gradients { get; }

    /// <summary>Leading values that belong to matrices.</summary>
    public long MatrixCount { get; }

    /// <summary>Scales the gradients down to a norm they must not exceed.</summary>
    /// <returns>The norm before.</returns>
    public double Clip(double maxNorm)
    {
        using Tensor norm = Gradients.norm();
        double value = norm.item<float>();
        if (value > maxNorm) Gradients.mul_(maxNorm / value);
        return value;
    }

    /// <summary>Sets the gradients to zero.</summary>
    public void ZeroGradients() => Gradients.zero_();

    /// <inheritdoc/>
    public void Dispose()
    {
        Gradients.Dispose();
        Values.Dispose();
    }
}
