using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Rotary position embedding: each pair of neighbouring components turns by an angle that grows with the position.
/// Pairs are (0,1), (2,3), … as in the paper; families whose checkpoints pair (i, i + width/2) have their rows reordered when
/// they are loaded (<see cref="RotaryLayout"/>). Source: RoFormer, arXiv:2104.09864.
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    private const int SmallestTable = 1024;

    private readonly double[] _frequencies; // [width / 2], turns per position
    private readonly double _magnitude;
    private readonly Device _device;

    private Tensor _turns; // [positions, width / 2], complex; grows as positions are asked for

    /// <summary>Prepares the turns of a model.</summary>
    /// <param name="config">Width of the rotated part of a head, base and scaling of the frequencies.</param>
    /// <param name="device">Where they are kept.</param>
    public RotaryEmbedding(ModelConfig config, Device device)
    {
        _frequencies = config.RotaryFrequencies();
        _magnitude = config.RopeScaling?.Magnitude ?? 1;
        _device = device;
        _turns = Table(Math.Min(SmallestTable, config.MaxPositionEmbeddings));
    }

    /// <summary>The turns at the given positions.</summary>
    /// <param name="positions"><c>[batch, seq]</c>, int64.</param>
    /// <param name="end">One more than the highest position can be.</param>
    /// <returns><c>[batch, seq, width / 2]</c>, complex.</returns>
    public Tensor At(Tensor positions, long end)
    {
        if (end > _turns.shape[0])
        {
            Tensor larger = Table(Math.Max(end, 2 * _turns.shape[0]));
            _turns.Dispose();
            _turns = larger;
        }
        return _turns.index_select(0, positions.reshape(-1)).reshape([.. positions.shape, _turns.shape[1]]);
    }

    /// <summary>Turns queries or keys.</summary>
    /// <param name="heads"><c>[batch, seq, heads, width]</c>.</param>
    /// <param name="turnsAtPositions">From <see cref="At"/>.</param>
    public static Tensor Rotate(Tensor heads, Tensor turnsAtPositions)
    {
        long[] shape = heads.shape;
        Tensor pairs = heads.reshape([.. shape[..^1], shape[^1] / 2, 2]).view_as_complex();
        return (pairs * turnsAtPositions.unsqueeze(2)).view_as_real().reshape(shape);
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    private Tensor Table(long positions)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor angles = outer(arange(positions, dtype: ScalarType.Float64), tensor(_frequencies));
        return polar(full_like(angles, _magnitude), angles).to(ScalarType.ComplexFloat32).to(_device).DetachFromDisposeScope();
    }
}
