using Distill.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>
/// All trained parameters of a model of one type on one device in one buffer and all their gradients in another, the parameters being
/// views: clipping, the update and a checkpoint are each one operation instead of hundreds. Matrices come first, because
/// weight decay is theirs alone.
/// </summary>
public sealed class FlatPart : IDisposable
{
    private readonly Dictionary<nint, long> _starts = [];

    internal FlatPart(ScalarType type, Device device, IEnumerable<Parameter> parameters)
    {
        using var none = no_grad();
        Parameter[] ordered = [.. parameters.OrderByDescending(parameter => parameter.dim() > 1)];
        MatrixCount = ordered.Where(parameter => parameter.dim() > 1).Sum(parameter => parameter.numel());
        Values = empty(ordered.Sum(parameter => parameter.numel()), type, device);
        long start = 0;
        foreach (Parameter parameter in ordered)
        {
            long length = parameter.numel();
            Tensor values = Values.narrow(0, start, length).view(parameter.shape);
            values.copy_(parameter);
            parameter.set_(values);
            _starts[parameter.Handle] = start;
            start += length;
        }
        TorchRuntime.ReleaseFreeMemory(); // the parameters' own memory, before as much is taken for gradients
        Gradients = zeros(Values.shape, WrittenGradient.TypeFor(Values), device);
        start = 0;
        foreach (Parameter parameter in ordered)
        {
            parameter.grad = Gradients.narrow(0, start, parameter.numel()).view(parameter.shape);
            start += parameter.numel();
        }
    }

    /// <summary>Values of the parameters, <c>[count]</c>.</summary>
    public Tensor Values { get; }

    /// <summary>Their gradients in 32-bit floats, <c>[count]</c>; a backward pass adds to them.</summary>
    public Tensor Gradients { get; }

    /// <summary>Leading values that belong to matrices.</summary>
    public long MatrixCount { get; }

    /// <summary>Where a parameter begins, or null when it is not one of these.</summary>
    internal long? StartOf(Tensor parameter) => _starts.TryGetValue(parameter.Handle, out long start) ? start : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Gradients.Dispose();
        Values.Dispose();
    }
}

/// <summary>The trained parameters of a model, flat on each of its devices, those in 16 bits apart; frozen ones stay where they are.</summary>
public sealed class FlatParameters : IDisposable
{
    /// <summary>Moves the trained parameters of a model into one buffer per device and type.</summary>
    public FlatParameters(CausalLM model) =>
        Parts = [.. model.named_parameters().Where(item => item.parameter.requires_grad).Select(item => item.parameter)
            .GroupBy(parameter => (parameter.dtype, parameter.device.ToString())).Select(group => new FlatPart(group.Key.dtype, group.First().device, group))];

    /// <summary>One part per device and type.</summary>
    public IReadOnlyList<FlatPart> Parts { get; }

    /// <summary>Number of trained values.</summary>
    public long Count => Parts.Sum(part => part.Values.numel());

    /// <summary>What the update multiplies the gradients with as it reads them: to do so beforehand would take as long as a third of the update.</summary>
    public double GradientScale { get; private set; } = 1;

    /// <summary>Scales the gradients down to a norm they must not exceed together, by <see cref="GradientScale"/>.</summary>
    /// <returns>The norm before.</returns>
    public double Clip(double maxNorm)
    {
        double norm = GradientScale * Math.Sqrt(Parts.Sum(part => SumOfSquares(part.Gradients)));
        if (norm > maxNorm) GradientScale *= maxNorm / norm;
        return norm;
    }

    /// <summary>Sets the gradients to zero. They are so from the beginning and after each update.</summary>
    public void ZeroGradients()
    {
        foreach (FlatPart part in Parts) part.Gradients.zero_();
        ForgetGradients();
    }

    /// <summary>Says that the gradients are zero.</summary>
    internal void ForgetGradients() => GradientScale = 1;

    private static double SumOfSquares(Tensor gradients)
    {
        if (Aten.IsFloat32OnCpu(gradients)) return SquareSum.Of(gradients);
        using Tensor norm = gradients.norm();
        return Math.Pow(norm.ToDouble(), 2);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FlatPart part in Parts) part.Dispose();
    }
}
