using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>What training gave.</summary>
/// <param name="Steps">Updates done.</param>
/// <param name="Samples">Samples of the training set that were used.</param>
/// <param name="Dropped">Samples that were too long.</param>
/// <param name="Tokens">Tokens seen.</param>
/// <param name="Parameters">Parameters of the student.</param>
/// <param name="FinalLoss">Mean loss of the last twentieth of the updates, in nats per token; not a number when there were none.</param>
/// <param name="Seconds">Time spent in steps.</param>
public sealed record TrainResult(int Steps, int Samples, int Dropped, long Tokens, long Parameters, double FinalLoss, double Seconds);

/// <summary>The <c>train</c> stage: training set and student in, <c>model/</c> out.</summary>
public static class TrainStage
{
    /// <summary>Folder of the finished model within the stage folder.</summary>
    public const string ModelFolderName = "model";

    /// <summary>Folder of the adapters, in PEFT's layout, within the stage folder.</summary>
    public const string AdapterFolderName = "adapter";

    /// <summary>File with one line per update within the stage folder.</summary>
    public const string MetricsFileName = "metrics.jsonl";

    /// <summary>Trains a student, going on from the last checkpoint in the folder.</summary>
    /// <exception cref="InputException">An option, the training set or the student cannot be used.</exception>
    public static async Task<TrainResult> RunAsync(TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        Validate(options);
        options = BasePreset.Resolve(options);
        foreach (string warning in Student.Diagnose(options)) progress.Report(ProgressEvent.Say(warning));
        if (options.Engine == TrainingEngine.Torchrun) return await TorchrunTraining.RunAsync(options, progress, cancellation);
        try
        {
            return Run(options, progress, cancellation);
        }
        catch (Exception e) when (OutOfMemory.Explain(e, options) is { } explained)
        {
            throw explained;
        }
    }

    private static TrainResult Run(TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        TorchRuntime.Initialize(options.Threads);
        Student student = Student.Prepare(options, TorchRuntime.Devices(options.Device));
        using CausalLM model = student.Model;
        progress.Report(new("train: reading the training set", 0, 0, "samples"));
        using TrainingSet set = TrainingSet.Load(options.Data, student.Chat, options, progress, cancellation);

        var checkpoints = new Checkpoint(Path.Combine(options.Out, "checkpoints"), Identity(options));
        if (!options.Resume) checkpoints.Clear();
        using var parameters = new FlatParameters(model);
        using var optimizer = new AdamW(parameters, options);
        TrainingState state = checkpoints.Restore(model, parameters, optimizer) ?? TrainingState.Start;
        var (samples, heldOut) = HeldOut.Divide(set.Samples, options);
        var batches = new BatchStream(samples, options, state.Position);
        int totalSteps = options.MaxSteps ?? Math.Max(1, (int)((long)batches.RowsPerEpoch * options.Epochs / options.BatchSize));
        var preflight = Preflight.Of(samples, set.Dropped, batches, student.Chat, options, totalSteps);
        preflight.Show(options.Out, progress);

        string metricsPath = Path.Combine(options.Out, MetricsFileName);
        using (var metrics = new TrainingMetrics(metricsPath, state.Step))
        {
            var loop = new TrainingLoop(options, model, parameters, optimizer, batches, checkpoints, heldOut);
            state = loop.Run(state, totalSteps, metrics, progress, cancellation);
        }
        student.SaveAdapters(Path.Combine(options.Out, AdapterFolderName));
        student.Save(Path.Combine(options.Out, ModelFolderName));
        return new TrainResult(state.Step, set.Samples.Count, set.Dropped.Count, state.Tokens,
            parameters.Count, FinalLoss(metricsPath, totalSteps), state.Seconds);
    }

    private static void Validate(TrainOptions options)
    {
        (string Key, bool Right)[] rules =
        [
            ("sequence_length", options.SequenceLength >= 2), ("batch_size", options.BatchSize >= 1),
            ("micro_batch_size", options.MicroBatchSize >= 1), ("epochs", options.Epochs >= 1),
            ("max_steps", options.MaxSteps is null or >= 0), ("learning_rate", options.PeakLearningRate > 0),
            ("warmup_steps", options.WarmupSteps >= 0), ("min_learning_rate_ratio", options.MinLearningRateRatio is >= 0 and <= 1),
            ("max_gradient_norm", options.MaxGradientNorm > 0), ("checkpoint_every", options.CheckpointEvery >= 1),
            ("beta1", options.Beta1 is >= 0 and < 1), ("beta2", options.Beta2 is >= 0 and < 1), ("weight_decay", options.WeightDecay >= 0),
            ("held_out_share", options.HeldOutShare is >= 0 and < 1), ("held_out_every", options.HeldOutEvery >= 1),
            ("nodes", options.Nodes >= 1), ("gpus_per_node", options.GpusPerNode >= 1),
            ("distill_weight", options.DistillWeight is > 0 and <= 1), ("distill_temperature", options.DistillTemperature is > 0 and <= 100),
            ("distill_mix", options.DistillMix is null or (> 0 and < 1)),
            ("lora_rank", options.LoraRank >= 1), ("lora_alpha", options.LoraAlpha > 0),
            ("patience", options.Patience >= 0 && (options.Patience == 0 || options.HeldOutShare > 0)),
            ("spike_factor", options.SpikeFactor is 0 or > 1),
        ];
        if (options is { Engine: TrainingEngine.Torchrun, Objective: not TrainingObjective.CrossEntropy })
            throw new InputException("train: the torchrun engine learns from texts only, not from log-probabilities", "train with `--engine in-process`, or with `--objective cross-entropy`");
        foreach ((string key, bool right) in rules)
        {
            if (!right) throw new InputException($"train: `{key}` has a value that cannot be used", "see `distill train --help`");
        }
    }

    // What a checkpoint must share with the training that continues it. Place and speed do not count.
    private static string Identity(TrainOptions options)
    {
        TrainOptions relevant = options with { Out = "", Resume = true, CheckpointEvery = 1, KeepCheckpoints = 1, SkipDoctor = false, SpikeFactor = 0, Data = "", Student = "", Tokenizer = null, TokenCache = null };
        string start = StudentPreset.Find(options.Student) is null ? Fingerprint.OfPath(options.Student) : options.Student;
        return Fingerprint.OfTexts(JsonSerializer.Serialize(relevant), start, Fingerprint.OfPath(options.Data),
            options.Tokenizer is null ? "" : Fingerprint.OfFile(Path.Combine(options.Tokenizer, "tokenizer.json")));
    }

    private static double FinalLoss(string metricsPath, int totalSteps)
    {
        double[] last = [.. File.ReadLines(metricsPath).TakeLast(Math.Max(1, totalSteps / 20))
            .Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
        return last.Length == 0 ? double.NaN : last.Average();
    }
}
