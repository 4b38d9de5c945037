using System.Globalization;
using Distill.Runs;

namespace Distill.Training;

/// <summary>What the options of a training can be, each by itself and together.</summary>
public static class TrainOptionRules
{
    private const int MostThreads = 1024;

    /// <summary>Refuses values that nothing could be trained with.</summary>
    /// <exception cref="InputException">One is such; the message names it.</exception>
    public static void Require(TrainOptions options)
    {
        RequireStudent(options.Student, options.Base);
        foreach ((string key, object? value, bool holds, string allowed) in Values(options))
        {
            if (!holds) throw new InputException($"train: `{key}` cannot be {Convert.ToString(value, CultureInfo.InvariantCulture)}", $"give {allowed}");
        }
        if (options.Engine == TrainingEngine.Torchrun) TorchrunTraining.RequireKnown(options);
        if (options is { Patience: > 0, HeldOutShare: 0, EvalSuite: null })
            throw new InputException("train: patience waits for measurements, and none are asked for", "add `--held-out-share 0.02` (a share of the samples) or `--eval-suite` (a suite of problems), or leave `--patience` out");
        if (options is { ActivationsOnCpu: true, Chunks: null })
            throw new InputException("train: layers' inputs are kept in the computer's memory only where rows are computed in chunks", $"add `--sequence-chunk {TrainingRecipe.DefaultChunk}`");
        if (options is { Method: TrainingMethod.Lora, Precision: not Precision.Float32 })
            throw new InputException("train: adapters are always trained in 32-bit floats, whatever the precision", "leave `--precision` out; `--frozen-weights` says how the weights beside them are kept");
    }

    // A folder may be made by an earlier stage; a bare word must be a preset, or be there.
    private static void RequireStudent(string student, string? weights)
    {
        if (BasePreset.Find(student) is { } preset)
        {
            if (weights is null) throw preset.WeightsMissing();
        }
        else if (StudentPreset.Find(student) is null && InstallFolder.IsOnlyAName(student))
        {
            throw StudentPreset.Unknown(student);
        }
    }

    private static IEnumerable<(string Key, object? Value, bool Holds, string Allowed)> Values(TrainOptions options) =>
    [
        AtLeast("max_steps", options.MaxSteps, 0), AtLeast("epochs", options.Passes, 1), AtLeast("batch_size", options.RowsPerUpdate, 1),
        AtLeast("micro_batch_size", options.RowsPerPass, 1), AtLeast("sequence_length", options.RowLength, 2), AtLeast("sequence_chunk", options.SequenceChunk, 0),
        AtLeast("warmup_steps", options.WarmupSteps, 0), AtLeast("checkpoint_every", options.CheckpointEvery, 1), AtLeast("keep_checkpoints", options.KeepCheckpoints, 1),
        AtLeast("held_out_every", options.HeldOutEvery, 1), AtLeast("eval_every", options.EvalEvery, 1), AtLeast("eval_samples", options.EvalSamples, 1),
        AtLeast("eval_limit", options.EvalLimit, 1), AtLeast("patience", options.Patience, 0), AtLeast("lora_rank", options.LoraRank, 1),
        AtLeast("nodes", options.Nodes, 1), AtLeast("gpus_per_node", options.GpusPerNode, 1), ("threads", options.Threads, options.Threads is >= 0 and <= MostThreads, $"0 (one for each core) to {MostThreads}"),
        ("max_positions", options.MaxPositions, options.MaxPositions is null or (>= 2 and <= 1 << 24), "a number from 2 to 16777216"),
        ("rope_theta", options.RopeTheta, options.RopeTheta is null or (> 1 and <= 1e12), "a number above 1, at most 1e12"),
        Positive("learning_rate", options.PeakLearningRate), Positive("max_gradient_norm", options.MaxGradientNorm), Positive("lora_alpha", options.LoraAlpha),
        ("min_learning_rate_ratio", options.MinLearningRateRatio, options.MinLearningRateRatio is >= 0 and <= 1, "a share from 0 to 1"),
        ("weight_decay", options.WeightDecay, options.WeightDecay >= 0 && double.IsFinite(options.WeightDecay), "0 or a positive number"),
        ("beta1", options.Beta1, options.Beta1 is >= 0 and < 1, "a number from 0, below 1"), ("beta2", options.Beta2, options.Beta2 is >= 0 and < 1, "a number from 0, below 1"),
        ("balance_speed", options.BalanceSpeed, options.BalanceSpeed >= 0 && double.IsFinite(options.BalanceSpeed), "0 or a positive number"),
        ("held_out_share", options.HeldOutShare, options.HeldOutShare is >= 0 and < 1, "a share from 0, below 1"),
        ("distill_weight", options.DistillWeight, options.DistillWeight is > 0 and <= 1, "a weight above 0, at most 1"),
        ("distill_temperature", options.DistillTemperature, options.DistillTemperature is > 0 and <= 100, "a temperature above 0, at most 100"),
        ("distill_mix", options.DistillMix, options.DistillMix is null or (> 0 and < 1), "a number between 0 and 1"),
        ("spike_factor", options.SpikeFactor, options.SpikeFactor is 0 or > 1, "a factor above 1, or 0 to let every loss pass"),
        ("lora_targets", "empty", options.LoraTargets.Count > 0, "names of projections, e.g. `--lora-targets q_proj,v_proj`"),
    ];

    private static (string, object?, bool, string) AtLeast(string key, int? value, int least) =>
        (key, value, value is null || value >= least, $"a whole number, {least.ToString(CultureInfo.InvariantCulture)} or more");

    private static (string, object?, bool, string) Positive(string key, double value) => (key, value, value > 0 && double.IsFinite(value), "a positive number");
}
