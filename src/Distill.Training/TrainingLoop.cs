using System.Diagnostics;
using Distill.Models;
using Distill.Runs;
using static TorchSharp.torch;

namespace Distill.Training;

/// <summary>Supervised fine-tuning, from a state to the last step.</summary>
/// <param name="options">The recipe.</param>
/// <param name="student">The model to train.</param>
/// <param name="parameters">Its parameters and gradients.</param>
/// <param name="optimizer">Updates the parameters.</param>
/// <param name="batches">The data, at the position of the state.</param>
/// <param name="checkpoints">Where states are kept.</param>
public sealed class TrainingLoop(TrainOptions options, CausalLM student, FlatParameters parameters, AdamW optimizer, BatchStream batches, Checkpoint checkpoints)
{
    /// <summary>Trains until <paramref name="totalSteps"/> updates are done.</summary>
    /// <param name="state">Where to go on.</param>
    /// <param name="totalSteps">Updates in all.</param>
    /// <param name="metrics">Receives a line per update.</param>
    /// <param name="progress">Receives a reading per update.</param>
    /// <param name="cancellation">Saves a checkpoint and stops.</param>
    /// <returns>The last state.</returns>
    /// <exception cref="InputException">The loss is no longer a number.</exception>
    public TrainingState Run(TrainingState state, int totalSteps, TrainingMetrics metrics, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var schedule = new LearningRateSchedule(options.LearningRate, options.WarmupSteps, totalSteps, options.MinLearningRateRatio);
        student.train();
        while (state.Step < totalSteps)
        {
            if (cancellation.IsCancellationRequested)
            {
                checkpoints.Save(student, parameters, optimizer, state, options.KeepCheckpoints);
                cancellation.ThrowIfCancellationRequested();
            }
            long started = Stopwatch.GetTimestamp();
            using var stepScope = NewDisposeScope();                     // frees every tensor of this step

            parameters.ZeroGradients();
            StepBatches step = batches.NextStep();
            double loss = 0;
            foreach (var rows in step.MicroBatches)
            {
                using var microScope = NewDisposeScope();
                using var batch = PackedBatch.Of(rows, student.Device);
                Tensor hidden = student.Hidden(batch.InputIds, batch.Positions, AttentionMask.WithinDocuments(batch.Documents)); // [batch, seq, hidden]
                loss += CausalLoss.Backward(student, hidden, batch, step.LossTokens);
            }
            double gradientNorm = parameters.Clip(options.MaxGradientNorm);
            RequireFinite(loss, gradientNorm, state.Step + 1);
            double learningRate = schedule.At(state.Step + 1);
            optimizer.Step(state.Step + 1, learningRate);
            student.RebalanceExperts(options.BalanceSpeed);

            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            state = new(state.Step + 1, state.Tokens + step.Tokens, state.Seconds + seconds, batches.Position);
            metrics.Write(new(state.Step, loss, learningRate, gradientNorm, state.Tokens, step.Tokens / seconds));
            progress.Report(new("train", state.Step, totalSteps, "steps", $"loss {loss:F4}  lr {learningRate:E1}  {step.Tokens / seconds / 1000:F1}k tokens/s"));

            if (state.Step % options.CheckpointEvery == 0 || state.Step == totalSteps)
                checkpoints.Save(student, parameters, optimizer, state, options.KeepCheckpoints);
        }
        student.eval();
        return state;
    }

    private static void RequireFinite(double loss, double gradientNorm, int step)
    {
        if (double.IsFinite(loss) && double.IsFinite(gradientNorm)) return;
        throw new InputException($"train: the loss is not a number at step {step} (loss {loss}, gradient norm {gradientNorm})",
            "lower learning_rate or raise warmup_steps; the last checkpoint is kept");
    }
}
