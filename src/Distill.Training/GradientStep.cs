using System.Diagnostics;
using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Gradients of one update: micro-batch by micro-batch on one device, in a pipeline over several.</summary>
/// <param name="student">The model.</param>
/// <param name="recompute">Whether layers are computed again in the backward pass instead of being kept.</param>
/// <param name="loss">How the teacher's distribution counts, or null when it does not.</param>
/// <param name="chunks">How rows are computed in chunks, or null when they are computed whole.</param>
internal sealed class GradientStep(CausalLM student, bool recompute, DistillationLoss? loss = null, SequenceChunks? chunks = null)
{
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromSeconds(2);

    private long _collected = Stopwatch.GetTimestamp();

    private readonly PipelinedPass? _pipeline = student.Devices.Devices.Count > 1 ? new PipelinedPass(student, recompute && chunks is null) : null;

    /// <summary>Adds the gradients of an update's rows to the trained parameters.</summary>
    /// <returns>The update's mean loss, in nats per token.</returns>
    public double Add(StepBatches step)
    {
        CollectForgotten();
        if (_pipeline is not null)
        {
            using var scope = NewDisposeScope();
            return _pipeline.Run([.. step.MicroBatches.Select(rows => Laid(rows))], step.LossTokens);
        }
        double sum = 0;
        foreach (var rows in step.MicroBatches)
        {
            using var scope = NewDisposeScope();
            using PackedBatch batch = Laid(rows);
            sum += chunks is not null ? BackwardPass.InChunks(student, batch, step.LossTokens)
                : recompute ? BackwardPass.Recomputed(student, batch, step.LossTokens)
                : BackwardPass.Whole(student, batch, step.LossTokens);
        }
        return sum;
    }

    private PackedBatch Laid(IReadOnlyList<IReadOnlyList<TrainingSample>> rows) => PackedBatch.Of(rows, student.Device, loss, chunks, student.Head.Device);

    // To the garbage collector a native number or tensor is a few bytes, so by itself it hardly ever runs, and each forgotten one keeps a
    // large free block of the native heap from being used again as a whole.
    private void CollectForgotten()
    {
        if (Stopwatch.GetElapsedTime(_collected) < BetweenCollections) return;
        GC.Collect(0);
        _collected = Stopwatch.GetTimestamp();
    }
}
