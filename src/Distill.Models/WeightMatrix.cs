using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// A learned matrix that can be stored smaller, and in the computer's memory while its products are computed on a device. Products are computed in
/// 32-bit floats, which are made of it on the way. It has no memory before it is allocated or frozen.
/// </summary>
public abstract class WeightMatrix : nn.Module
{
    // A matrix that is stored smaller is expanded a slice at a time: a product finds the slice in the processor's cache.
    private const long SliceInCache = 1 << 20;

    /// <summary>Values that are brought to a device at once.</summary>
    public const long SliceElsewhere = 32 << 20;

    private const string WeightName = "weight";

    [ComponentName(Name = WeightName)] private protected Parameter _weight;

    private protected StoredWeight? _stored; // in fewer bits: how it is read
    private Device? _computesOn;             // where, when the matrix itself is in the computer's memory
    private Guest? _guest;

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

    /// <summary>Whether the matrix is stored smaller and takes no gradient.</summary>
    public bool IsFrozen => _stored is not null && !_weight.requires_grad;

    /// <summary>Whether products read the matrix where it is: it is neither stored smaller nor kept elsewhere.</summary>
    private protected bool IsAtHand => _stored is null && (_computesOn is null || _guest is not null);

    // The matrix in 32-bit floats, where it is at hand.
    private Tensor Present => _guest?.Weight ?? _weight;

    /// <summary>Where products with the matrix are computed.</summary>
    public Device Device => _computesOn ?? _weight.device;

    /// <summary>The matrix as 32-bit floats, <c>[rows, columns]</c>; made anew on each call when it is stored smaller or elsewhere.</summary>
    public Tensor Weight => IsAtHand ? Present : WeightRows(0, Rows);

    /// <summary>Where gradients of the matrix are collected, or null when it takes none.</summary>
    public Tensor? Gradient => _weight.requires_grad ? WrittenGradient.GradientOf(_weight) : null;

    /// <summary>Some rows as 32-bit floats, <c>[count, columns]</c>.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    public Tensor WeightRows(long first, long count)
    {
        if (IsAtHand) return Present.narrow(0, first, count);
        Tensor values = empty([count, Columns], device: Device);
        Bring(first, values);
        return values;
    }

    /// <summary>The matrix from its first row to its last: whole, or in slices when it is stored smaller or elsewhere. A slice lives until the next.</summary>
    /// <param name="factor">What it is multiplied with: slices have its type, and are where it is.</param>
    public IEnumerable<(long First, Tensor Weights)> Slices(Tensor factor)
    {
        if (IsAtHand)
        {
            yield return (0, Present);
            yield break;
        }
        foreach ((long first, long count) in Stretches())
        {
            using Scratch weights = Scratch.Take(factor, count, Columns);
            Bring(first, weights.Values);
            yield return (first, weights.Values);
        }
    }

    /// <summary>Adds <c>dyᵀ x</c> to the gradient of the matrix, if it is trained.</summary>
    /// <param name="outputGradient">dy, <c>[rows, outputs]</c>.</param>
    /// <param name="input">x, <c>[rows, inputs]</c>.</param>
    public void AddGradient(Tensor outputGradient, Tensor input)
    {
        if (Gradient is not { } gradient) return;
        if (_computesOn is null || _guest is not null)
        {
            (_guest?.SumFrom(gradient) ?? gradient).addmm_(outputGradient.t(), input, beta: 1, alpha: 1);
            return;
        }
        // The sum so far comes to the device and goes back: the same arithmetic as if it had been there all the time.
        foreach ((long first, long count) in Stretches())
        {
            using var scope = NewDisposeScope();
            using Scratch sum = Scratch.Take(outputGradient, count, Columns);
            Tensor home = gradient.narrow(0, first, count);
            sum.Values.copy_(home);
            sum.Values.addmm_(outputGradient.narrow(1, first, count).t(), input, beta: 1, alpha: 1);
            home.copy_(sum.Values);
        }
    }

    /// <summary>Brings the matrix to its device until it leaves again.</summary>
    /// <returns>Whether it came: it is at home elsewhere, and was not here yet.</returns>
    internal bool Arrive()
    {
        if (_computesOn is null || _guest is not null) return false;
        _guest = new Guest(_computesOn, _stored is null ? _weight : null, _stored);
        return true;
    }

    /// <summary>Sends the gradients home that were summed on the device, and gives the memory there back.</summary>
    internal void Leave()
    {
        if (_guest?.Sum is { } sum)
        {
            using var none = no_grad();
            Gradient!.copy_(sum);
        }
        _guest?.Dispose();
        _guest = null;
    }

    /// <summary>Decides in which type values that can be trained are kept, and where, before there are any.</summary>
    /// <param name="type">32-bit or 16-bit floats.</param>
    /// <param name="onCpu">Whether they are kept in the computer's memory; products are computed where the matrix was before.</param>
    internal void Keep(ScalarType type, bool onCpu)
    {
        if (onCpu) _computesOn = _weight.device;
        Parameter kept = nn.Parameter(empty(0, Columns, type, onCpu ? CPU : _weight.device));
        _weight.Dispose();
        _weight = kept;
        ConditionallyRegisterParameter(WeightName, _weight);
    }

    /// <summary>Takes memory for the values, which are still to be loaded or drawn.</summary>
    internal void Allocate()
    {
        using var none = no_grad();
        using Tensor values = empty(Rows, Columns, _weight.dtype, _weight.device);
        _weight.set_(values);
        if (_weight.dtype != ScalarType.Float32) _stored = StoredWeight.In(_weight);
    }

    /// <summary>Stores values in a format of their own and takes no gradient for them from now on.</summary>
    /// <param name="format">How to store them.</param>
    /// <param name="values">Gives some rows as 32-bit floats: first row and count to <c>[count, columns]</c>.</param>
    public void Freeze(WeightFormat format, Func<long, long, Tensor> values)
    {
        _weight.requires_grad = false;
        if (format != WeightFormat.Float32)
        {
            _stored = StoredWeight.Of(Rows, Columns, values, format, _weight.device);
            return;
        }
        Allocate();
        StoredWeight.InStretches(Rows, Columns, values, (first, some) => _weight.narrow(0, first, some.shape[0]).copy_(some));
    }

    /// <summary><c>y = x Wᵀ + b</c>, from <c>[..., columns]</c> to <c>[..., rows]</c>.</summary>
    /// <param name="input">x.</param>
    /// <param name="bias">b, or null.</param>
    internal Tensor Linear(Tensor input, Tensor? bias = null)
    {
        if (IsSkinny(input)) return SkinnyProduct.Of(input, (Weight, bias))[0];
        if (IsAtHand || bias is not null || (is_grad_enabled() && input.requires_grad)) return nn.functional.linear(input, Weight, bias);
        using var none = no_grad();
        using Tensor rows = input.reshape(-1, Columns), output = empty([rows.shape[0], Rows], device: input.device);
        Product(rows, output, adds: false); // not the whole matrix at once: a head is large
        return output.view([.. input.shape[..^1], Rows]);
    }

    /// <summary>Whether <see cref="SkinnyProduct"/> multiplies an input with the matrix.</summary>
    private protected bool IsSkinny(Tensor input) => _stored is null && SkinnyProduct.Takes(input, Columns) && SkinnyProduct.TakesWeight(_weight);

    /// <summary><c>y = x Wᵀ</c>, from <c>[rows, columns]</c> to <c>[rows, outputs]</c>, without a graph.</summary>
    /// <param name="input">x.</param>
    /// <param name="output">Receives y.</param>
    /// <param name="adds">Whether y is added to what is there.</param>
    public void Product(Tensor input, Tensor output, bool adds)
    {
        if (_stored is not null && PanelProduct.Takes(input, output))
        {
            PanelProduct.Forward(input, _stored.Numbers, output, adds);
            return;
        }
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
    public void ProductBackward(Tensor outputGradient, Tensor input, Tensor? inputGradient, bool adds)
    {
        AddGradient(outputGradient, input);
        if (inputGradient is null) return;
        if (_stored is not null && PanelProduct.Takes(outputGradient, inputGradient))
        {
            PanelProduct.Backward(outputGradient, _stored.Numbers, inputGradient, adds);
            return;
        }
        foreach ((long first, Tensor weights) in Slices(outputGradient))
        {
            using var scope = NewDisposeScope();
            inputGradient.addmm_(outputGradient.narrow(1, first, weights.shape[0]), weights, beta: adds || first > 0 ? 1 : 0, alpha: 1);
        }
    }

    private void Bring(long first, Tensor values)
    {
        using var none = no_grad();
        if (_stored is not null)
        {
            (_guest?.Stored ?? _stored).Expand(first, values);
            return;
        }
        using Tensor rows = _weight.narrow(0, first, values.shape[0]);
        values.copy_(rows);
    }

    private IEnumerable<(long First, long Count)> Stretches()
    {
        long atOnce = Math.Max(1, (_stored is not null && Device.type == TorchSharp.DeviceType.CPU ? SliceInCache : SliceElsewhere) / Columns);
        for (long first = 0; first < Rows; first += atOnce) yield return (first, Math.Min(atOnce, Rows - first));
    }

    // The matrix and the sum of its gradients on a device that it visits.
    private sealed class Guest : IDisposable
    {
        private readonly Device _device;

        public Guest(Device device, Tensor? weight, StoredWeight? stored)
        {
            using var none = no_grad();
            _device = device;
            Weight = weight?.to(device, copy: true).DetachFromDisposeScope();
            Stored = stored?.CopyTo(device);
        }

        public Tensor? Weight { get; }

        public StoredWeight? Stored { get; }

        public Tensor? Sum { get; private set; }

        // Begins with what is at home, when the first gradient comes.
        public Tensor SumFrom(Tensor home) => Sum ??= home.to(_device, copy: true).DetachFromDisposeScope();

        public void Dispose()
        {
            Sum?.Dispose();
            Weight?.Dispose();
            Stored?.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _stored?.Dispose();
        base.Dispose(disposing);
    }
}
