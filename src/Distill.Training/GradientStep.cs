using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Gradients of one update: micro-batch by micro-batch on one device, in a pipeline over several.</summary>
/// <param name="student">The model.</param>
/// <param name="recompute">Whether layers are computed again in the backward pass instead of being kept.</param>
internal sealed class GradientStep(CausalLM student, bool recompute)
{
    private readonly PipelinedPass? _pipeline = student.Devices.Devices.Count > 1 ? new PipelinedPass(student, recompute) : null;

    /// <summary>Adds the gradients of an update's rows to the trained parameters.</summary>
    /// <returns>The update's mean loss, in nats per token.</returns>
    public double Add(StepBatches step)
    {
        if (_pipeline is not null)
        {
            using var scope = NewDisposeScope();
            return _pipeline.Run([.. step.MicroBatches.Select(rows => PackedBatch.Of(rows, student.Device))], step.LossTokens);
        }
        double loss = 0;
        foreach (var rows in step.MicroBatches)
        {
            using var scope = NewDisposeScope();
            using var batch = PackedBatch.Of(rows, student.Device);
            loss += recompute ? BackwardPass.Recomputed(student, batch, step.LossTokens) : BackwardPass.Whole(student, batch, step.LossTokens);
        }
        return loss;
    }
}
