using Distill.Models;
using Distill.Runs;

namespace Distill.Training;

/// <summary>The <c>train</c> stage with <c>engine: torchrun</c>: the same samples, mask and recipe, computed elsewhere.</summary>
internal static class TorchrunTraining
{
    /// <summary>Writes the job; runs it here, or says how to start it; takes the model back once it is there.</summary>
    /// <exception cref="InputException">Something cannot be used, the job failed, or it waits to be started elsewhere (exit code 4).</exception>
    public static async Task<TrainResult> RunAsync(TrainOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (!Directory.Exists(options.Student))
            throw new InputException($"student `{options.Student}` is not a model folder", "torchrun trains a model in Hugging Face's layout: name its folder");
        StudentChat chat = StudentChat.Load(options.Student);
        ModelConfig own = ModelConfigFile.Load(options.Student), config = options.Reaching(own);
        using TrainingSet set = TrainingSet.Load(options.Data, chat, options, progress, cancellation);
        TrainStage.RequirePositions(set.Samples, config);
        options = options with { Size = TrainingSetSize.Of(set.Samples) };
        var batches = new BatchStream(set.Samples, options, new(0, 0));
        int steps = batches.StepsOf(options);
        Preflight.Of(set.Samples, set.Dropped, batches, chat, options, steps).Show(options.Out, progress);

        string folder = Path.Combine(options.Out, "torchrun");
        var job = new TorchrunJob(options, folder);
        if (!job.IsFinished)
        {
            bool asItIs = (config.MaxPositionEmbeddings, config.RopeTheta) == (own.MaxPositionEmbeddings, own.RopeTheta);
            job.Write(set.Samples, asItIs ? options.Student : WithConfig(options.Student, config, Path.Combine(folder, "base")), steps);
            if (options.Launcher != Launcher.Local) throw Waiting(options, folder);
            await job.RunAsync(steps, progress, cancellation);
            if (!job.IsFinished) throw new InputException($"{job.ModelFolder}: torchrun ended and left no model", $"its own words are in {Path.Combine(folder, "torchrun.log")}");
        }
        return TakeBack(options, job, set, chat);
    }

    /// <summary>Refuses what this engine is not told.</summary>
    /// <exception cref="InputException">Such an option is given.</exception>
    public static void RequireKnown(TrainOptions options)
    {
        (bool Asked, string What, string Instead)[] unknown =
        [
            (options.EvalSuite is not null, "does not ask suites", "leave `--eval-suite` out, and score the finished model with `distill eval`"),
            (options.Objective != TrainingObjective.CrossEntropy, "learns from texts only, not from log-probabilities", "train with `--engine in-process`, or with `--objective cross-entropy`"),
            (options.Method != TrainingMethod.Full, "trains every weight", "train adapters with `--engine in-process`, or leave `--method` out"),
            (options.Precision == Precision.BFloat16Stochastic, "always trains 16-bit weights with 32-bit originals", "leave `--precision` out, or say `bfloat16`"),
            (options.SequenceChunk > 0, "computes whole rows; of each layer it keeps the input", "leave `--sequence-chunk` out"),
            (options.HeldOutShare > 0, "keeps no samples out", "leave `--held-out-share` out, and score the finished model with `distill eval`"),
            (options.Moments != MomentFormat.Float32, "divides its moments among the GPUs and keeps them as 32-bit floats", "leave `--moments` out"),
        ];
        if (unknown.FirstOrDefault(option => option.Asked) is { What: { } what, Instead: { } instead }) throw new InputException($"train: the torchrun engine {what}", instead);
    }

    // A model folder with another config.json and links to everything else: the weights of the base are not copied.
    private static string WithConfig(string model, ModelConfig config, string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        AtomicFile.Guard(folder, () =>
        {
            Directory.CreateDirectory(folder);
            foreach (string file in Directory.EnumerateFiles(model).Where(file => Path.GetFileName(file) != ModelConfigFile.FileName))
                File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), Path.GetFullPath(file));
        });
        ModelConfigFile.Save(config, folder, Weights.TensorType.BF16);
        return folder;
    }

    private static TrainResult TakeBack(TrainOptions options, TorchrunJob job, TrainingSet set, StudentChat chat)
    {
        IReadOnlyList<StepMetrics> metrics = job.Metrics();
        string path = Path.Combine(options.Out, TrainStage.MetricsFileName);
        using (var lines = new TrainingMetrics(path, 0))
        {
            foreach (StepMetrics line in metrics) lines.Write(line);
        }
        ModelConfig config = ModelConfigFile.Load(job.ModelFolder);
        if (config.VocabSize < chat.Tokenizer.VocabularySize)
            throw new InputException($"{job.ModelFolder}: the model has {config.VocabSize} rows for {chat.Tokenizer.VocabularySize} tokens", "this is not the model of this job: let the job run again");
        AtomicFile.WriteFolder(Path.Combine(options.Out, TrainStage.ModelFolderName), target =>
        {
            foreach (string file in Directory.EnumerateFiles(job.ModelFolder).Where(IsModelFile)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            Student.CopyCompanions(options.Student, target); // ours, not the engine's: it rewrites tokenizer files
            TrainingCard.Write(target, options);
        });
        double[] last = [.. metrics.TakeLast(Math.Max(1, metrics.Count / 20)).Select(line => line.Loss)];
        return new TrainResult(metrics.Count == 0 ? 0 : metrics[^1].Step, set.Samples.Count, set.Dropped.Count,
            set.Samples.Sum(sample => (long)sample.Length), config.ParameterCount(), last.Length == 0 ? double.NaN : last.Average(), 0);
    }

    private static bool IsModelFile(string path) => Path.GetExtension(path) == ".safetensors" || Path.GetFileName(path) is "config.json" or "model.safetensors.index.json";

    private static InputException Waiting(TrainOptions options, string folder) => new(
        $"train: the job is written to {folder} and waits to be started",
        options.Launcher == Launcher.Slurm ? $"start it with `cd {folder} && sbatch job.slurm`; when it is done, this same command takes the model back"
            : $"put the folder on the claim `distill-train`, start it with `kubectl apply -f {Path.Combine(folder, "job.yaml")}`; when it is done, this same command takes the model back",
        InputException.HandedOver);
}
