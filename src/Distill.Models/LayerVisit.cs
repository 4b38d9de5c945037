namespace Distill.Models;

/// <summary>
/// The time that a layer's matrices spend on their device when they are otherwise in the computer's memory: what is computed with each of them several times,
/// in the forward and the backward pass or chunk by chunk, brings it once. Gradients are summed there and go home with the matrix. Matrices that are at hand
/// anyway take no notice, and a visit during a visit does nothing.
/// </summary>
public sealed class LayerVisit : IDisposable
{
    private readonly WeightMatrix[] _arrived;

    /// <summary>Brings the matrices of a layer.</summary>
    public LayerVisit(DecoderLayer layer) => _arrived = [.. layer.modules().OfType<WeightMatrix>().Where(matrix => matrix.Arrive())];

    /// <summary>Sends gradients home and gives the memory back.</summary>
    public void Dispose()
    {
        foreach (WeightMatrix matrix in _arrived) matrix.Leave();
    }
}
