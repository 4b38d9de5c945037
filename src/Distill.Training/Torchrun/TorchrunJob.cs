using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// Training beyond one process, by the engines that exist: TRL's supervised fine-tuning over DeepSpeed or FSDP, started by
/// torchrun. Distill writes the job, starts it where it can, and takes the model back.
/// </summary>
/// <param name="options">The recipe.</param>
/// <param name="folder">Folder of the job, <c>torchrun/</c> in the stage folder.</param>
internal sealed class TorchrunJob(TrainOptions options, string folder)
{
    private const string Output = "output", Finished = "finished";

    /// <summary>Where the engine leaves the model.</summary>
    public string ModelFolder => Path.Combine(folder, Output);

    /// <summary>Whether the engine said that it was done and left a model.</summary>
    public bool IsFinished => File.Exists(Path.Combine(ModelFolder, Finished)) && File.Exists(Path.Combine(ModelFolder, "config.json"));

    /// <summary>Writes everything the job needs. What the engine has written there stays.</summary>
    /// <exception cref="InputException">The options cannot be met by that many GPUs, or the folder cannot be written.</exception>
    public void Write(IReadOnlyList<TrainingSample> samples, string model, int steps)
    {
        string sft = TorchrunConfig.Sft(options, Path.GetFullPath(model), steps); // refuses before anything is written
        TorchrunDataset.Write(At("data/train.parquet"), samples);
        AtomicFile.WriteText(At("sft.yaml"), sft);
        AtomicFile.WriteText(At("requirements.txt"), string.Join('\n', EngineOptions.Environment) + "\n");
        if (options.Sharding == Sharding.Zero3) AtomicFile.WriteText(At("deepspeed.json"), TorchrunConfig.DeepSpeed(options).ToJsonString(new() { WriteIndented = true }) + "\n");
        AtomicFile.WriteText(At("train.py"), TorchrunLaunch.Program);
        AtomicFile.WriteText(At("launch.sh"), TorchrunLaunch.Script(options));
        if (options.Launcher == Launcher.Slurm) AtomicFile.WriteText(At("job.slurm"), TorchrunLaunch.Slurm(options));
        if (options.Launcher == Launcher.Kubernetes) AtomicFile.WriteText(At("job.yaml"), TorchrunLaunch.Kubernetes(options));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At("launch.sh"), (UnixFileMode)0b111_101_101);
    }

    /// <summary>Starts the job on this machine and follows it to its end.</summary>
    /// <exception cref="InputException">torchrun is not here, or the job failed; its own words are in <c>torchrun.log</c>.</exception>
    public async Task RunAsync(int steps, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (ProgramPath.Find("torchrun") is null)
            throw new InputException("train: torchrun is not on this machine", $"install {At("requirements.txt")} into a Python environment and activate it, or take {folder} and the student's folder, to the same paths, to a machine that has it, run launch.sh there, bring {folder} back and repeat this command");
        var start = new ProcessStartInfo("bash", [At("launch.sh")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        int done = Checkpoints().Select(StepOf).DefaultIfEmpty().Max();
        using var log = new StreamWriter(At("torchrun.log"), append: true) { AutoFlush = true };
        using Process process = Process.Start(start)!;
        using CancellationTokenRegistration stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
        await Task.WhenAll(Follow(process.StandardOutput), Follow(process.StandardError));
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
            throw new InputException($"train: torchrun ended with code {process.ExitCode}", $"its own words are in {At("torchrun.log")}; the same command goes on from its last checkpoint");

        async Task Follow(StreamReader reader)
        {
            while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
            {
                lock (log) log.WriteLine(line);
                if (EngineReading.Parse(line) is { } reading) progress.Report(new("train (torchrun)", Interlocked.Increment(ref done), steps, "steps", reading.ToString()));
            }
        }
    }

    /// <summary>What the engine logged, from its <c>trainer_state.json</c>.</summary>
    /// <exception cref="InputException">The file is missing or malformed.</exception>
    public IReadOnlyList<StepMetrics> Metrics()
    {
        string? path = new[] { ModelFolder }.Concat(Checkpoints().OrderByDescending(StepOf))
            .Select(place => Path.Combine(place, "trainer_state.json")).FirstOrDefault(File.Exists);
        if (path is null) throw new InputException($"{ModelFolder}: holds no trainer_state.json", "let the job run to its end");
        try
        {
            JsonArray history = JsonNode.Parse(File.ReadAllText(path))!["log_history"]!.AsArray();
            return [.. history.Where(entry => entry?["loss"] is not null).Select(entry => new StepMetrics(
                (int)entry!["step"]!.GetValue<double>(), entry["loss"]!.GetValue<double>(), entry["learning_rate"]?.GetValue<double>() ?? 0,
                entry["grad_norm"]?.GetValue<double>() ?? 0, (long)(entry["num_tokens"]?.GetValue<double>() ?? 0), 0))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new InputException($"{path}: is not what a trainer writes ({e.Message})", "let the job run to its end", inner: e);
        }
    }

    private IEnumerable<string> Checkpoints() => Directory.Exists(ModelFolder) ? Directory.EnumerateDirectories(ModelFolder, "checkpoint-*") : [];

    private static int StepOf(string checkpoint) => int.TryParse(Path.GetFileName(checkpoint)["checkpoint-".Length..], out int step) ? step : 0;

    private string At(string name) => Path.Combine(folder, name);
}
