using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A learned matrix that can be stored smaller and frozen. It has no memory before it is allocated or frozen.</summary>
public abstract class WeightMatrix : nn.Module
{
    // A matrix that is stored smaller is expanded a slice at a time: a product finds the slice in the processor's cache.
    private const long SliceInCache = 1 << 20, SliceElsewhere = 32 << 20;

    [ComponentName(Name = "weight")] private protected readonly Parameter _weight;

    private protected FrozenWeight? _frozen;

    /// <summary>Makes a matrix without memory.</summary>
    private protected WeightMatrix(string name, long rows, long columns)
        : base(name)
    {
        (Rows, Columns) = (rows, columns);
        _weight = nn.Parameter(empty(0, columns));
    }

    /// <summary>Rows: width of a projection's output, tokens of an embedding.</summary>
    public long Rows { get; }

    /// <summary>Columns: width of a projection's input, width of an embedding.</summary>
    public long Columns { get; }

    /// <summary>Whether the matrix is stored smaller than in 32-bit floats.</summary>
    public bool IsFrozen => _frozen is not null;

    /// <summary>Where the matrix is.</summary>
    public Device Device => _weight.device;

    /// <summary>The matrix as 32-bit floats, <c>[rows, columns]</c>; made anew on each call when it is stored smaller.</summary>
    public Tensor Weight => _frozen is null ? _weight : WeightRows(0, Rows);

    /// <summary>Where gradients of the matrix are collected, or null when it takes none.</summary>
    public Tensor? Gradient => _weight.requires_grad ? WrittenGradient.GradientOf(_weight) : null;

    /// <summary>Some rows as 32-bit floats, <c>[count, columns]</c>.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    public Tensor WeightRows(long first, long count)
    {
        if (_frozen is null) return _weight.narrow(0, first, count);
        Tensor values = empty([count, Columns], device: Device);
        _frozen.Expand(first, values);
        return values;
    }

    /// <summary>The matrix from its first row to its last: whole, or in slices when it is stored smaller. A slice lives until the next.</summary>
    /// <param name="factor">What it is multiplied with: slices have its type.</param>
    public IEnumerable<(long First, Tensor Weights)> Slices(Tensor factor)
    {
        long atOnce = Math.Max(1, (Device.type == TorchSharp.DeviceType.CPU ? SliceInCache : SliceElsewhere) / Columns);
        if (_frozen is null)
        {
            yield return (0, _weight);
            yield break;
        }
        for (long first = 0; first < Rows; first += atOnce)
        {
            using Scratch weights = Scratch.Take(factor, Math.Min(atOnce, Rows - first), Columns);
            _frozen.Expand(first, weights.Values);
            yield return (first, weights.Values);
        }
    }

    /// <summary>Takes memory for the values, which are still to be loaded or drawn.</summary>
    internal void Allocate()
    {
        using var none = no_grad();
        using Tensor values = empty(Rows, Columns, device: _weight.device);
        _weight.set_(values);
    }

    /// <summary>Stores values in a format of their own and takes no gradient for them from now on.</summary>
    /// <param name="format">How to store them.</param>
    /// <param name="values">Gives some rows as 32-bit floats: first row and count to <c>[count, columns]</c>.</param>
    public void Freeze(WeightFormat format, Func<long, long, Tensor> values)
    {
        _weight.requires_grad = false;
        if (format != WeightFormat.Float32)
        {
            _frozen = FrozenWeight.Of(Rows, Columns, values, format, _weight.device);
            return;
        }
        Allocate();
        FrozenWeight.InStretches(Rows, Columns, values, (first, some) => _weight.narrow(0, first, some.shape[0]).copy_(some));
    }

    /// <summary><c>y = x Wᵀ + b</c>, from <c>[..., columns]</c> to <c>[..., rows]</c>.</summary>
    /// <param name="input">x.</param>
    /// <param name="bias">b, or null.</param>
    internal Tensor Linear(Tensor input, Tensor? bias = null) => IsSkinny(input) ? SkinnyProduct.Of(input, (_weight, bias))[0] : nn.functional.linear(input, Weight, bias);

    /// <summary>Whether <see cref="SkinnyProduct"/> multiplies an input with the matrix.</summary>
    private protected bool IsSkinny(Tensor input) => _frozen is null && SkinnyProduct.Takes(input, Columns) && SkinnyProduct.TakesWeight(_weight);

    /// <summary><c>y = x Wᵀ</c>, from <c>[rows, columns]</c> to <c>[rows, outputs]</c>, without a graph.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">Receives y.</param>
    /// <param name="adds">Whether y is added to what is there.</param>
    private protected void Product(Tensor input, Tensor output, bool adds)
    {
        foreach ((long first, Tensor weights) in Slices(input))
        {
            using var scope = NewDisposeScope();
            output.narrow(1, first, weights.shape[0]).addmm_(input, weights.t(), beta: adds ? 1 : 0, alpha: 1);
        }
    }

    /// <summary>The backward pass of <see cref="Product"/>: adds to the gradient of W, if it is trained, and fills that of the input, if there is one.</summary>
    /// <param name="outputGradient">Gradient of y, <c>[rows, outputs]</c>.</param>
    /// <param name="input">x.</param>
    /// <param name="inputGradient">Receives the gradient of x; null when nobody asks for it.</param>
    /// <param name="adds">Whether it is added to what is there.</param>
    private protected void ProductBackward(Tensor outputGradient, Tensor input, Tensor? inputGradient, bool adds)
    {
        Gradient?.addmm_(outputGradient.t(), input, beta: 1, alpha: 1);
        if (inputGradient is null) return;
        foreach ((long first, Tensor weights) in Slices(outputGradient))
        {
            using var scope = NewDisposeScope();
            inputGradient.addmm_(outputGradient.narrow(1, first, weights.shape[0]), weights, beta: adds || first > 0 ? 1 : 0, alpha: 1);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _frozen?.Dispose();
        base.Dispose(disposing);
    }
}
