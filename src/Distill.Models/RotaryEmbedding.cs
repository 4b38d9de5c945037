using static TorchSharp.torch;

namespace Distill.Models;

/// <summary>
/// Rotary position embedding: each pair of neighbouring components turns by an angle that grows with the position.
/// Pairs are (0,1), (2,3), … as in the paper; families whose checkpoints pair (i, i + width/2) have their rows reordered when
/// they are loaded (<see cref="RotaryLayout"/>). Source: RoFormer, arXiv:2104.09864.
/// </summary>
public sealed class RotaryEmbedding : IDisposable
{
    private readonly Tensor _turns; // [positions, width / 2], complex

    /// <summary>Precomputes the turns.</summary>
    /// <param name="width">Width of the rotated part of a head.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="positions">Positions to prepare.</param>
    /// <param name="device">Where they are kept.</param>
    public RotaryEmbedding(int width, double theta, int positions, Device device)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        Tensor frequencies = pow(theta, arange(0, width, 2, dtype: ScalarType.Float64) / -width);
        Tensor angles = outer(arange(positions, dtype: ScalarType.Float64), frequencies);
        _turns = polar(ones_like(angles), angles).to(ScalarType.ComplexFloat32).to(device).DetachFromDisposeScope();
    }

    /// <summary>The turns at the given positions.</summary>
    /// <param name="positions"><c>[batch, seq]</c>, int64.</param>
    /// <returns><c>[batch, seq, width / 2]</c>, complex.</returns>
    public Tensor At(Tensor positions) => _turns.index_select(0, positions.reshape(-1)).reshape([.. positions.shape, _turns.shape[1]]);

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
}
