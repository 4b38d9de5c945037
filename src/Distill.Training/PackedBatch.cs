using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Rows of one forward and backward pass as tensors.</summary>
public sealed class PackedBatch : IDisposable
{
    private PackedBatch(Tensor inputIds, Tensor positions, Tensor documents, Tensor lossIndex, Tensor targets) =>
        (InputIds, Positions, Documents, LossIndex, Targets) = (inputIds, positions, documents, lossIndex, targets);

    /// <summary>Tokens, <c>[batch, seq]</c>, int64.</summary>
    public Tensor InputIds { get; }

    /// <summary>Position of each token in its own sample, <c>[batch, seq]</c>, int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Number of the sample each token belongs to within its row, 0 for padding, <c>[batch, seq]</c>, int64.</summary>
    public Tensor Documents { get; }

    /// <summary>Where the loss mask is 1: indices into the flattened <c>[batch · seq]</c> whose next token counts, int64.</summary>
    public Tensor LossIndex { get; }

    /// <summary>The tokens to be predicted at <see cref="LossIndex"/>, int64.</summary>
    public Tensor Targets { get; }

    /// <summary>Lays rows out as tensors, padded to the longest of them.</summary>
    /// <param name="rows">Rows of samples.</param>
    /// <param name="device">Where the tensors go.</param>
    public static PackedBatch Of(IReadOnlyList<IReadOnlyList<TrainingSample>> rows, Device device)
    {
        int length = rows.Max(row => row.Sum(sample => sample.Length));
        long[] ids = new long[rows.Count * length], positions = new long[ids.Length], documents = new long[ids.Length];
        List<long> lossIndex = [], targets = [];
        for (int r = 0; r < rows.Count; r++)
        {
            int start = r * length;
            for (int s = 0; s < rows[r].Count; s++)
            {
                TrainingSample sample = rows[r][s];
                ReadOnlySpan<int> tokens = sample.Tokens.Span;
                for (int i = 0; i < tokens.Length; i++)
                {
                    (ids[start + i], positions[start + i], documents[start + i]) = (tokens[i], i, s + 1);
                    if (i + 1 < Math.Max(sample.PromptLength, 1) || i + 1 == tokens.Length) continue;
                    lossIndex.Add(start + i);
                    targets.Add(tokens[i + 1]);
                }
                start += tokens.Length;
            }
        }
        return new(Matrix(ids), Matrix(positions), Matrix(documents), tensor(lossIndex, device: device), tensor(targets, device: device));

        Tensor Matrix(long[] values) => tensor(values, [rows.Count, length], device: device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[InputIds, Positions, Documents, LossIndex, Targets]) tensor.Dispose();
    }
}
