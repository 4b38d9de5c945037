using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Rows of one forward and backward pass as tensors.</summary>
public sealed class PackedBatch : IDisposable
{
    private readonly long[] _counted; // as LossIndex

    private PackedBatch(Tensor inputIds, Tensor positions, IReadOnlyList<long[]> documents, long[] counted, Tensor targets, DistillationTargets? teacher) =>
        (InputIds, Positions, Documents, _counted, LossIndex, Targets, Teacher) = (inputIds, positions, documents, counted, tensor(counted, device: inputIds.device), targets, teacher);

    /// <summary>Tokens, <c>[batch, seq]</c>, int64.</summary>
    public Tensor InputIds { get; }

    /// <summary>Position of each token in its own sample, <c>[batch, seq]</c>, int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Lengths of the samples of each row; padding at the end counts as one more.</summary>
    public IReadOnlyList<long[]> Documents { get; }

    /// <summary>Keeps samples that share a row apart.</summary>
    public AttentionMask Mask => AttentionMask.WithinDocuments(Documents, InputIds.device);

    /// <summary>How its rows are computed in chunks, or null when they are computed whole.</summary>
    public SequenceChunks? Chunks { get; private init; }

    /// <summary>Where the loss mask is 1: indices into the flattened <c>[batch · seq]</c> whose next token counts, ascending, int64.</summary>
    public Tensor LossIndex { get; }

    /// <summary>The tokens to be predicted at <see cref="LossIndex"/>, int64, where the loss is computed.</summary>
    public Tensor Targets { get; }

    /// <summary>What the teacher held likely at <see cref="LossIndex"/>, or null when only its tokens count.</summary>
    public DistillationTargets? Teacher { get; }

    /// <summary>Which of <see cref="LossIndex"/> lie in a stretch of the flattened <c>[batch · seq]</c>.</summary>
    /// <param name="first">First position of the stretch.</param>
    /// <param name="count">Its length.</param>
    internal (long Start, long Count) CountedWithin(long first, long count)
    {
        int start = Before(first);
        return (start, Before(first + count) - start);

        int Before(long position)
        {
            int found = Array.BinarySearch(_counted, position);
            return found >= 0 ? found : ~found;
        }
    }

    /// <summary>Lays rows out as tensors, padded to the longest of them.</summary>
    /// <param name="rows">Rows of samples.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="loss">How the teacher's distribution counts, or null when it does not.</param>
    /// <param name="chunks">How rows are computed in chunks, or null when they are computed whole.</param>
    /// <param name="head">Where the model's head is, and so the loss is computed; null: where the tensors go.</param>
    public static PackedBatch Of(IReadOnlyList<IReadOnlyList<TrainingSample>> rows, Device device, DistillationLoss? loss = null, SequenceChunks? chunks = null, Device? head = null)
    {
        head ??= device;
        int length = rows.Max(row => row.Sum(sample => sample.Length));
        long[] ids = new long[rows.Count * length], positions = new long[ids.Length];
        var documents = new long[rows.Count][];
        List<long> lossIndex = [], targets = [];
        List<(TeacherTargets? Targets, int Index)> teacher = [];
        for (int r = 0; r < rows.Count; r++)
        {
            int start = r * length, padding = length - rows[r].Sum(sample => sample.Length);
            documents[r] = [.. rows[r].Select(sample => (long)sample.Length).Where(count => count > 0), .. padding > 0 ? (long[])[padding] : []];
            for (int s = 0; s < rows[r].Count; s++)
            {
                TrainingSample sample = rows[r][s];
                ReadOnlySpan<int> tokens = sample.Tokens.Span;
                for (int i = 0; i < tokens.Length; i++)
                {
                    (ids[start + i], positions[start + i]) = (tokens[i], i);
                    if (i + 1 < Math.Max(sample.PromptLength, 1) || i + 1 == tokens.Length) continue;
                    lossIndex.Add(start + i);
                    targets.Add(tokens[i + 1]);
                    if (loss is not null) teacher.Add((sample.Teacher, i + 1 - sample.PromptLength));
                }
                start += tokens.Length;
            }
        }
        return new(Matrix(ids), Matrix(positions), documents, [.. lossIndex], tensor(targets, device: head),
            loss is null || teacher.Count == 0 ? null : DistillationTargets.Of(loss, teacher, head)) { Chunks = chunks is null ? null : chunks with { Documents = documents } };

        Tensor Matrix(long[] values) => tensor(values, [rows.Count, length], device: device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[InputIds, Positions, LossIndex, Targets]) tensor.Dispose();
        Teacher?.Dispose();
    }
}
