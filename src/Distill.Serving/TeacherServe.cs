using System.Diagnostics;
using System.Globalization;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>Runs a teacher of hundreds of billions of parameters: starts the engine here, or writes what another system starts.</summary>
public static class TeacherServe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The files, and what to say of them, without writing or starting anything.</summary>
    /// <exception cref="InputException">An option cannot be used, or the machines cannot hold the model.</exception>
    public static IReadOnlyList<(string Name, string Text)> DryRun(TeacherServeOptions options)
    {
        ServePlan plan = ServePlan.Of(options);
        return [.. ServeFiles.Of(plan).All, ("next", Next(plan) + "\n")];
    }

    /// <summary>Serves until it is cancelled; or writes the files for another system, and looks whether its servers are there.</summary>
    /// <param name="options">What is served, where and how.</param>
    /// <param name="progress">Receives what happens.</param>
    /// <param name="ready">Receives the command that uses the servers, once they have produced a token.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Stops the engine.</param>
    /// <exception cref="InputException">Something cannot be used, the engine failed, or the job waits to be started elsewhere (exit code 4).</exception>
    public static async Task RunAsync(TeacherServeOptions options, IProgress<ProgressEvent> progress, Action<string> ready, TimeProvider time, CancellationToken cancellation)
    {
        ServePlan plan = ServePlan.Of(options);
        bool isLocal = options.Launcher == ServeLauncher.Local;
        if (isLocal) CheckMachine(plan);
        ServeFiles files = ServeFiles.Of(plan);
        if (plan.Unchecked is { } reason) progress.Report(ProgressEvent.Say($"memory was not checked: {reason}"));
        if (isLocal)
        {
            using FolderLock folder = FolderLock.Take(options.Out);
            files.Write(options.Out);
            await new EngineSupervisor(plan, options.Out, progress, url => ready(plan.TeacherGen([url])), time).RunAsync(cancellation);
            return;
        }
        files.Write(options.Out);
        string[] urls = Announced(plan);
        if (urls.Length < options.Replicas || !await AllReadyAsync(plan, urls, time, cancellation)) throw Waiting(plan);
        ready(plan.TeacherGen(urls));
    }

    private static void CheckMachine(ServePlan plan)
    {
        if (plan.Topology.Nodes > 1)
            throw new InputException($"--launcher local starts one machine, and {plan.Topology} are {plan.Topology.Nodes}", "use --launcher slurm, kubernetes or ray, or --dry-run to see the command line of each machine");
        if (!OperatingSystem.IsLinux()) throw new InputException($"{plan.EngineName} runs on Linux", "use --launcher slurm, kubernetes or ray, or run this there");
        string program = plan.Options.Engine == ServingEngine.Vllm ? "vllm" : "python3";
        if (ProgramPath.Find(program) is null || (program == "python3" && !HasModule("sglang")))
            throw new InputException($"{plan.EngineName} is not on this machine", $"install it into a Python environment (`pip install {(program == "vllm" ? $"vllm=={EngineFlags.VllmVersion}" : $"\"sglang[all]=={EngineFlags.SglangVersion}\"")}`) and activate that, or write the files for another system with --launcher");
        string model = plan.Options.Model;
        if ((Path.IsPathRooted(model) || model.StartsWith('.')) && !Directory.Exists(model)) throw new InputException($"--model {model}: no such folder", $"name a folder, or a model on the hub like {ServedModels.Default}");
    }

    private static bool HasModule(string name)
    {
        using Process python = Process.Start(new ProcessStartInfo("python3", ["-c", $"import importlib.util, sys; sys.exit(importlib.util.find_spec('{name}') is None)"]))!;
        python.WaitForExit();
        return python.ExitCode == 0;
    }

    // Jobs announce themselves by files; leaders on Kubernetes have names that are known before they live.
    private static string[] Announced(ServePlan plan)
    {
        if (plan.Options.Launcher == ServeLauncher.Kubernetes) return [.. Enumerable.Range(0, plan.Options.Replicas).Select(replica => LeaderWorkerSet.UrlOf(plan, replica))];
        string folder = Path.Combine(plan.Options.Out, "endpoints");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.url").Order(StringComparer.Ordinal).Select(file => File.ReadLines(file).FirstOrDefault()?.Trim() ?? "").Where(url => url.Length > 0)] : [];
    }

    private static async Task<bool> AllReadyAsync(ServePlan plan, string[] urls, TimeProvider time, CancellationToken cancellation)
    {
        EndpointReadiness[] answers = await Task.WhenAll(urls.Select(url => EndpointReadiness.AskAsync(new EndpointOptions { Url = url }, plan.ServedName, ServePlan.Key(), Patience, time, cancellation)));
        return answers.All(answer => answer.IsReady);
    }

    private static InputException Waiting(ServePlan plan) => new($"teacher serve: the files are in {plan.Options.Out} and wait to be started", Next(plan), InputException.HandedOver);

    private static string Next(ServePlan plan)
    {
        string folder = ShellText.Quote(plan.Options.Out);
        string then = "; when it has produced a token, this same command prints the line for teacher-gen";
        return plan.Options.Launcher switch
        {
            ServeLauncher.Slurm => $"start it with `cd {folder} && sbatch {SlurmJob.FileName}`{then}",
            ServeLauncher.Kubernetes => $"put the model on the claim `distill-models`, start it with `kubectl apply -f {folder}/{LeaderWorkerSet.FileName}`; inside the cluster: {plan.TeacherGen(Announced(plan))}",
            ServeLauncher.Ray => string.Create(CultureInfo.InvariantCulture, $"start it with `HEAD_ADDRESS=... NODE_RANK=0 bash {folder}/{RayScript.FileName}`, and so on with NODE_RANK up to {plan.Topology.Nodes - 1} on the other machines{then}"),
            _ => $"once it has produced a token: {plan.TeacherGen([plan.LocalUrl])}",
        };
    }
}
