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
    /// <param name="options">The options.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Saves a checkpoint and stops.</param>
    /// <param name="readSuite">Reads the suite that <see cref="TrainOptions.EvalSuite"/> names.</param>
    public static async Task<TrainResult> RunAsync(TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation, SuiteReader? readSuite = null)
    {
        TrainOptionRules.Require(options);
        options = BasePreset.Resolve(options);
        foreach (string warning in Student.Diagnose(options)) progress.Report(ProgressEvent.Say(warning));
        TrainingCard.Check(options);
        if (options.Engine == TrainingEngine.Torchrun) return await TorchrunTraining.RunAsync(options, progress, cancellation);
        try
        {
            return Run(options, readSuite, progress, cancellation);
        }
        catch (Exception e) when (OutOfMemory.Explain(e, options) is { } explained)
        {
            throw explained;
        }
    }

    private static TrainResult Run(TrainOptions options, SuiteReader? readSuite, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        // Before the model is loaded: a mistake in the suite should not cost that time.
        MeasuredSuite? suite = options.EvalSuite is { } path ? (readSuite ?? throw new InvalidOperationException("nobody reads suites here"))(path, options.EvalSamples, options.EvalLimit) : null;
        TorchRuntime.Initialize(options.Threads);
        Student student = Student.Prepare(options, new DeviceMap(TorchRuntime.Devices(options.Device).Devices) { MatricesOnCpu = options.ParametersOnCpu });
        using CausalLM model = student.Model;
        progress.Report(new("train: reading the training set", 0, 0, "samples"));
        using TrainingSet set = TrainingSet.Load(options.Data, student.Chat, options, progress, cancellation);
        RequirePositions(set.Samples, model.Config);
        foreach (string note in AdapterNote(options)) progress.Report(ProgressEvent.Say(note));

        var (samples, heldOut) = HeldOut.Divide(set.Samples, options);
        options = options with { Size = TrainingSetSize.Of(samples) };
        var checkpoints = new Checkpoint(Path.Combine(options.Out, "checkpoints"), TrainingSettings.Of(options), options.Extend ? TrainingSettings.Steering : []);
        if (!options.Resume) checkpoints.Clear();
        using var parameters = new FlatParameters(model);
        using var optimizer = new AdamW(parameters, options);
        TrainingState state = checkpoints.Restore(model, parameters, optimizer, progress) ?? TrainingState.Start;
        var batches = new BatchStream(samples, options, state.Position);
        int totalSteps = batches.StepsOf(options);
        var speed = new TrainingSpeed(model);
        var preflight = Preflight.Of(samples, set.Dropped, batches, student.Chat, options, totalSteps);
        double passesLeft = (double)(totalSteps - state.Step) * options.RowsPerUpdate / batches.RowsPerEpoch;
        (preflight with { EstimatedSeconds = speed.Estimate(samples, options.ActivationCheckpointing || options.Chunks is not null) * passesLeft }).Show(options.Out, progress);

        string metricsPath = Path.Combine(options.Out, MetricsFileName);
        using (var metrics = new TrainingMetrics(metricsPath, state.Step))
        {
            var loop = new TrainingLoop(options, model, parameters, optimizer, batches, checkpoints, heldOut, suite is null ? null : new SuiteMeasurement(suite, student.Chat, options.Seed), speed);
            state = loop.Run(state, totalSteps, metrics, progress, cancellation);
        }
        student.SaveAdapters(Path.Combine(options.Out, AdapterFolderName));
        student.Save(Path.Combine(options.Out, ModelFolderName), optimizer);
        return new TrainResult(state.Step, set.Samples.Count, set.Dropped.Count, state.Tokens,
            parameters.Count, FinalLoss(metricsPath, totalSteps), state.Seconds);
    }

    /// <summary>Refuses samples that reach beyond the positions of the student: what follows the last one was never meant to be computed, and runtimes stop there.</summary>
    /// <exception cref="InputException">One does.</exception>
    internal static void RequirePositions(IReadOnlyList<TrainingSample> samples, ModelConfig student)
    {
        if (samples.MaxBy(sample => sample.Length) is not { } longest || longest.Length <= student.MaxPositionEmbeddings) return;
        throw new InputException($"train: the longest sample has {longest.Length:N0} tokens{(longest.Id.Length > 0 ? $" ({longest.Id})" : "")}, the student {student.MaxPositionEmbeddings:N0} positions",
            $"`--max-positions {longest.Length}` or more makes it a student of longer texts (perhaps with a larger `--rope-theta`); `--sequence-length {student.MaxPositionEmbeddings}` leaves longer samples out");
    }

    // The adapters' own files cannot say it.
    private static IEnumerable<string> AdapterNote(TrainOptions options) => options is { Method: TrainingMethod.Lora, RopeTheta: { } theta }
        ? [$"{AdapterFolderName}/ fits the base model only with rope_theta {theta} in its config.json; {ModelFolderName}/ has it"] : [];

    private static double FinalLoss(string metricsPath, int totalSteps)
    {
        double[] last = [.. File.ReadLines(metricsPath).TakeLast(Math.Max(1, totalSteps / 20))
            .Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
        return last.Length == 0 ? double.NaN : last.Average();
    }
}
