using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>A learned matrix that can be stored smaller and frozen.</summary>
public abstract class WeightMatrix : nn.Module
{
    [ComponentName(Name = "weight")] private protected readonly Parameter _weight;

    private protected FrozenWeight? _frozen;

    /// <summary>Makes a matrix whose values are still to be loaded or drawn: its memory is not touched before.</summary>
    private protected WeightMatrix(string name, long rows, long columns)
        : base(name)
    {
        (Rows, Columns) = (rows, columns);
        _weight = nn.Parameter(empty(rows, columns));
    }

    /// <summary>Rows: width of a projection's output, tokens of an embedding.</summary>
    public long Rows { get; }

    /// <summary>Columns: width of a projection's input, width of an embedding.</summary>
    public long Columns { get; }

    /// <summary>Whether the matrix is frozen in a format of its own.</summary>
    public bool IsFrozen => _frozen is not null;

    /// <summary>Where the matrix is.</summary>
    public Device Device => _weight.device;

    /// <summary>The matrix as 32-bit floats, <c>[rows, columns]</c>; made anew on each call when it is stored smaller.</summary>
    public Tensor Weight => _frozen is null ? _weight : _frozen.Expand();

    /// <summary>Where gradients of the matrix are collected, or null when it takes none.</summary>
    public Tensor? Gradient => _weight.requires_grad ? _weight.grad : null;

    /// <summary>Some rows as 32-bit floats, <c>[count, columns]</c>.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    public Tensor WeightRows(long first, long count) => _frozen is null ? _weight.narrow(0, first, count) : _frozen.Expand(first, count);

    /// <summary>Stores values in a smaller format and takes no gradient for them from now on. The matrix's own memory is never touched.</summary>
    /// <param name="format">How to store them.</param>
    /// <param name="values">Gives some rows as 32-bit floats: first row and count to <c>[count, columns]</c>.</param>
    public void Freeze(WeightFormat format, Func<long, long, Tensor> values)
    {
        _frozen = FrozenWeight.Of(Rows, Columns, values, format, _weight.device);
        using var none = no_grad();
        using Tensor nothing = empty(0, device: _weight.device);
        _weight.set_(nothing);
        _weight.requires_grad = false;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _frozen?.Dispose();
        base.Dispose(disposing);
    }
}
