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
/// <param name="heldOut">Samples to measure the loss on now and then, or null.</param>
/// <param name="suite">Problems to ask now and then, or null.</param>
/// <param name="speed">What the machine can do; null: measured when it begins.</param>
public sealed class TrainingLoop(
    TrainOptions options, CausalLM student, FlatParameters parameters, AdamW optimizer, BatchStream batches, Checkpoint checkpoints, HeldOut? heldOut = null, SuiteMeasurement? suite = null, TrainingSpeed? speed = null)
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
        var schedule = new LearningRateSchedule(options.PeakLearningRate, options.WarmupOf(totalSteps), totalSteps, options.MinLearningRateRatio);
        var gradients = new GradientStep(student, options.ActivationCheckpointing, DistillationLoss.Of(options), options.Chunks);
        var watch = new LossWatch(options.SpikeFactor, metrics.Losses);
        speed ??= new TrainingSpeed(student);
        student.train();
        while (state.Unmeasured is not null || state.Step < totalSteps)
        {
            if (state.Unmeasured is null)
            {
                if (cancellation.IsCancellationRequested) SaveAndStop();
                state = Update(state, gradients, watch, schedule.At(state.Step + 1), speed);
            }
            try
            {
                state = Measured(state, totalSteps, metrics, progress, cancellation);
            }
            catch (OperationCanceledException)
            {
                SaveAndStop();
            }
            if (state.BestStep == state.Step) checkpoints.SaveBest(student, parameters, optimizer, state);
            if (options.Patience > 0 && state.MeasurementsSinceBest >= options.Patience) break;
            if (state.Step % options.CheckpointEvery == 0 || state.Step == totalSteps)
                checkpoints.Save(student, parameters, optimizer, state, options.KeepCheckpoints);
        }
        RestoreBest(state, progress);
        student.eval();
        return state;

        void SaveAndStop()
        {
            checkpoints.Save(student, parameters, optimizer, state, options.KeepCheckpoints);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private TrainingState Update(TrainingState state, GradientStep gradients, LossWatch watch, double learningRate, TrainingSpeed speed)
    {
        long started = Stopwatch.GetTimestamp();
        using var scope = NewDisposeScope();                     // frees every tensor of this step

        StepBatches step = batches.NextStep();
        double loss = gradients.Add(step);
        double gradientNorm = parameters.Clip(options.MaxGradientNorm);
        watch.Check(state.Step + 1, loss, gradientNorm, step);
        optimizer.Step(state.Step + 1, learningRate);
        student.RebalanceExperts(options.BalanceSpeed);

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return state with
        {
            Step = state.Step + 1,
            Tokens = state.Tokens + step.Tokens,
            Seconds = state.Seconds + seconds,
            Position = batches.Position,
            Unmeasured = new(state.Step + 1, loss, learningRate, gradientNorm, state.Tokens + step.Tokens, step.Tokens / seconds, speed.Utilization(step, seconds), Environment.WorkingSet),
        };
    }

    // What is due after an update is measured, and the update reported. Cut off, it is done after a resume: the update itself is not done again.
    private TrainingState Measured(TrainingState state, int totalSteps, TrainingMetrics metrics, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        double? heldOutLoss = heldOut is not null && IsDue(options.HeldOutEvery) ? heldOut.Loss(student, cancellation) : null;
        double? passAt1 = suite is not null && IsDue(options.EvalEvery) ? suite.PassAt1(student, progress, cancellation) : null;
        StepMetrics reading = state.Unmeasured!.Value with { HeldOutLoss = heldOutLoss, PassAt1 = passAt1 };
        metrics.Write(reading);
        progress.Report(new("train", state.Step, totalSteps, "steps", reading.ToString()));
        state = state with { Unmeasured = null };
        return suite is null ? state.MeasuredLoss(heldOutLoss) : state.MeasuredPassRate(passAt1);

        bool IsDue(int every) => state.Step % every == 0 || state.Step == totalSteps;
    }

    private void RestoreBest(TrainingState state, IProgress<ProgressEvent> progress)
    {
        if (options.Patience == 0 || state.BestStep == 0) return;
        string best = suite is null ? $"lowest held-out loss {state.LowestHeldOutLoss:F4}" : $"highest pass@1 {state.HighestPassAt1:P1} on {suite.Name}";
        progress.Report(ProgressEvent.Say($"{best} at step {state.BestStep:N0}: " +
            (checkpoints.RestoreBest(student, parameters, optimizer, state.BestStep) ? "these weights are kept" : "these weights are damaged or gone, the last ones are kept")));
    }
}
