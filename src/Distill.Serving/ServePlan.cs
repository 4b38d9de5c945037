using System.Globalization;
using Distill.Inference.Endpoints;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>What is served, where and how: the options with everything worked out that they left open.</summary>
internal sealed record ServePlan
{
    // SGLang's own guide for work that nobody waits for: 100 to 2000 requests in the queue.
    private const int LeastQueued = 100, MostQueued = 2_000;

    // Prompts count towards the context too.
    private const int RoomForPrompt = 2_048;

    /// <summary>What the user said.</summary>
    public required TeacherServeOptions Options { get; init; }

    /// <summary>The machines of a replica.</summary>
    public required Topology Topology { get; init; }

    /// <summary>The model's shape, or null when it is not known here.</summary>
    public ServedShape? Shape { get; init; }

    /// <summary>Why the shape is not known, or null.</summary>
    public string? Unchecked { get; init; }

    /// <summary>Memory of a replica, or null without a shape.</summary>
    public ReplicaMemory? Memory { get; init; }

    /// <summary>How the model is divided; never <see cref="Parallelism.Auto"/>.</summary>
    public required Parallelism Parallelism { get; init; }

    /// <summary>Caches, and so schedulers, that are independent of each other.</summary>
    public int Ranks => Parallelism == Parallelism.DpEp ? Topology.Gpus : 1;

    /// <summary>The engine's name for people.</summary>
    public string EngineName => Options.Engine == ServingEngine.Vllm ? "vLLM" : "SGLang";

    /// <summary>Name to ask for.</summary>
    public string ServedName => Options.ServedName ?? ServedModels.NameOf(Options.Model);

    /// <summary>Port of the server.</summary>
    public int Port => Options.Port ?? (Options.Engine == ServingEngine.Vllm ? 8000 : 30_000);

    /// <summary>Address to listen at.</summary>
    public string Host => Options.Host ?? (Options.Launcher == ServeLauncher.Local ? "127.0.0.1" : "0.0.0.0");

    /// <summary>Requests that run at once in a replica; null leaves it to the engine.</summary>
    public int? MaxRunning => Options.MaxRunning ?? (Memory is { } memory ? Math.Max(1, (int)(GenerationWork.CacheFill * memory.KvTokens / ReplicaMemory.ResidentTokens)) : null);

    /// <summary>Requests that wait in the engine.</summary>
    public int MaxQueued => Options.MaxQueued ?? Math.Clamp(MaxRunning ?? LeastQueued, LeastQueued, MostQueued);

    /// <summary>The engine's parser for reasoning, or null.</summary>
    public string? ReasoningParser => Options.ReasoningParser
        ?? (Options.Model.Contains("R1", StringComparison.OrdinalIgnoreCase) ? Options.Engine == ServingEngine.Vllm ? "deepseek_r1" : "deepseek-r1" : null);

    /// <summary>Address of a local server.</summary>
    public string LocalUrl => UrlOf(Host is "0.0.0.0" or "::" ? "127.0.0.1" : Host);

    /// <summary>Address of a server on a machine.</summary>
    public string UrlOf(string machine) => string.Create(CultureInfo.InvariantCulture, $"http://{(machine.Contains(':') ? $"[{machine}]" : machine)}:{Port}/v1");

    /// <summary>The command that uses these servers.</summary>
    public string TeacherGen(IEnumerable<string> urls) => string.Create(CultureInfo.InvariantCulture,
        $"distill teacher-gen --prompts PROMPTS.jsonl {string.Join(' ', urls.Select(url => $"--endpoint {url},dialect={Options.Engine.ToString().ToLowerInvariant()}"))} --model {ShellText.Quote(ServedName)} --max-tokens {Math.Max(Options.ContextLength - RoomForPrompt, (Options.ContextLength + 1) / 2)} --out TRACES");

    /// <summary>The key that the engine asks its clients for, or null: only the one that the scripts hand to it.</summary>
    public static ApiKey? Key() => Environment.GetEnvironmentVariable(LaunchScript.KeyVariable) is { Length: > 0 } ? ApiKey.Find(null) : null;

    /// <summary>Works it out.</summary>
    /// <exception cref="InputException">An option cannot be used, or the machines cannot hold the model.</exception>
    public static ServePlan Of(TeacherServeOptions options)
    {
        Topology topology = Topology.Parse(options.Topology);
        ServeChecks.Check(options, topology);
        (ServedShape? shape, string? reason) = ShapeOf(options.Model);
        ReplicaMemory? memory = shape is null ? null : ReplicaMemory.Of(shape, topology, options.Parallelism, options.KvCache, options.MemoryFraction);
        if (shape is not null) ServeChecks.Fits(options, shape, memory!);
        Parallelism simple = topology.Nodes > 1 ? Parallelism.TpPp : Parallelism.Tp;
        return new()
        {
            Options = options,
            Topology = topology,
            Shape = shape,
            Unchecked = reason,
            Memory = memory,
            Parallelism = memory?.Parallelism ?? (options.Parallelism == Parallelism.Auto ? simple : options.Parallelism),
        };
    }

    // A folder whose format is not known here (other quantizations) may well be served; its memory is then not checked.
    private static (ServedShape? Shape, string? Reason) ShapeOf(string model)
    {
        try
        {
            return ServedModels.Find(model) is { } shape ? (shape, null) : (null, "its shape is not known here");
        }
        catch (InputException e)
        {
            return (null, e.Message);
        }
    }
}
