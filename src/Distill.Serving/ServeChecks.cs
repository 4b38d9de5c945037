using System.Globalization;
using System.Text.RegularExpressions;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>Refuses what cannot be served, before anything is written or started.</summary>
internal static partial class ServeChecks
{
    private const double Gibibyte = 1 << 30;

    /// <summary>Checks the options.</summary>
    /// <exception cref="InputException">One is out of range, or two contradict each other.</exception>
    public static void Check(TeacherServeOptions options, Topology topology)
    {
        (bool Holds, string Option, string Allowed)[] rules =
        [
            (!string.IsNullOrWhiteSpace(options.Model) && !options.Model.Any(char.IsControl), "model", "a name or a folder"),
            (options.ServedName is null || SafeName().IsMatch(options.ServedName), "served-name", "letters, digits and ._/-"),
            (options.ContextLength >= 16, "context-length", "16 or more"), (options.MemoryFraction is > 0.2 and < 1, "memory-fraction", "above 0.2, below 1"),
            (options.MaxRunning is null or >= 1, "max-running", "1 or more"), (options.MaxQueued is null or >= 1, "max-queued", "1 or more"), (options.StreamInterval is >= 1 and <= 1000, "stream-interval", "1 to 1000"),
            (options.Port is null or (>= 1 and <= 65535), "port", "1 to 65535"), (options.Host is null || SafeName().IsMatch(options.Host) || options.Host.Contains(':'), "host", "an address of this machine"),
            (options.Replicas is >= 1 and <= 1000, "replicas", "1 to 1000"), (options.ReadyMinutes is > 0 and <= 10_080, "ready-minutes", "above 0, at most a week"), (options.MaxRestarts is >= 0 and <= 1000, "max-restarts", "0 to 1000"),
            (options.RestartSeconds is >= 0 and <= 3600, "restart-seconds", "0 to 3600"),
            (options.Env.All(pair => Pair().IsMatch(pair)), "env", "NAME=VALUE"), (options.Sbatch.All(pair => Directive().IsMatch(pair)), "sbatch", "NAME=VALUE, without dashes"),
        ];
        if (rules.FirstOrDefault(rule => !rule.Holds) is { Option: { } option, Allowed: { } allowed }) throw new InputException($"--{option} cannot be used", $"give {allowed}");
        if (options.Launcher == ServeLauncher.Ray && options.Engine == ServingEngine.Sglang)
            throw new InputException("--launcher ray does not go with --engine sglang", "SGLang starts its own ranks: use --launcher slurm or kubernetes, or --engine vllm");
        if (options.Engine == ServingEngine.Vllm && options.MaxQueued is not null)
            throw new InputException("--max-queued: vLLM has no bound on its queue", "leave it out; teacher-gen keeps the queue short from its side");
        if (options.Replicas > 1 && options.Launcher is ServeLauncher.Local or ServeLauncher.Ray)
            throw new InputException($"--replicas {options.Replicas} needs a system that starts them", "use --launcher slurm or kubernetes, or serve each replica by a command of its own");
        if (options.Deepep && options.Parallelism is Parallelism.Tp or Parallelism.TpPp)
            throw new InputException("--deepep carries tokens between accelerators that have experts of their own", "use it with --parallelism dp-ep");
        if (options.Launcher == ServeLauncher.Kubernetes && topology.Gpu.Name == "MI300X" && options.Image is null)
            throw new InputException("--launcher kubernetes: the usual images are made for NVIDIA's accelerators", "name one for ROCm with --image");
        if (options.Parallelism == Parallelism.TpPp && topology.Nodes == 1) throw new InputException("--parallelism tp-pp divides the layers among machines, and there is one", "use tp or dp-ep");
    }

    /// <summary>Checks that the machines hold the weights, and one whole sequence in every cache.</summary>
    /// <exception cref="InputException">They do not; says by how much.</exception>
    public static void Fits(TeacherServeOptions options, ServedShape shape, ReplicaMemory memory)
    {
        Topology topology = memory.Topology;
        if (options.ContextLength > shape.ContextLength) throw new InputException($"--context-length {options.ContextLength}: {shape.Name} was made for {shape.ContextLength}", $"give at most {shape.ContextLength}");
        if (shape.IsFloat8 && !topology.Gpu.HasFloat8)
            throw new InputException($"--topology {topology}: {topology.Gpu.Name} does not multiply 8-bit floats, the format of {shape.Name}", $"use one of {string.Join(", ", Fitting(options, shape))}, or a folder with 16-bit weights");
        if (memory.Shortage(options.ContextLength) is not (> 0 and var missing)) return;
        double usable = (topology.Gpu.MemoryBytes * options.MemoryFraction) - ReplicaMemory.OtherBytes, sequence = options.ContextLength * memory.KvBytesPerToken;
        throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{shape.Name} does not fit on {topology} ({memory.Name}): {missing / Gibibyte:F1} GiB are missing on each accelerator ({memory.WeightsPerGpu / Gibibyte:F1} of weights and {sequence / Gibibyte:F1} for one sequence of {options.ContextLength}, in {usable / Gibibyte:F1})"),
            Fitting(options, shape) is { Length: > 0 } fitting ? $"use one of {string.Join(", ", fitting)}" : "use more accelerators, or a shorter --context-length");
    }

    private static string[] Fitting(TeacherServeOptions options, ServedShape shape) => [.. Topology.Known.Where(known => Topology.Parse(known) is var topology
        && topology.Gpu.HasFloat8 && ReplicaMemory.Of(shape, topology, Parallelism.Auto, options.KvCache, options.MemoryFraction).Shortage(options.ContextLength) == 0)];

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", RegexOptions.CultureInvariant)]
    private static partial Regex SafeName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*=[^\0\r\n]*$", RegexOptions.CultureInvariant)]
    private static partial Regex Pair();

    [GeneratedRegex(@"^[a-z][a-z-]*(=[^\s\0]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Directive();
}
