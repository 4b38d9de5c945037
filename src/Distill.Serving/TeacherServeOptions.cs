using Distill.Runs;

namespace Distill.Serving;

/// <summary>Which engine serves.</summary>
public enum ServingEngine
{
    /// <summary>vLLM.</summary>
    Vllm,

    /// <summary>SGLang.</summary>
    Sglang,
}

/// <summary>Who starts the engine on the machines.</summary>
public enum ServeLauncher
{
    /// <summary>This process, on this machine, and looks after it.</summary>
    Local,

    /// <summary>Slurm: <c>sbatch job.slurm</c>.</summary>
    Slurm,

    /// <summary>Kubernetes with LeaderWorkerSet: <c>kubectl apply -f lws.yaml</c>.</summary>
    Kubernetes,

    /// <summary>Ray: <c>ray.sh</c> on every machine, or a job on a cluster that runs.</summary>
    Ray,
}

/// <summary>Options of <c>distill teacher serve</c>.</summary>
public sealed record TeacherServeOptions : ServedModelOptions
{
    /// <summary>Which engine serves.</summary>
    [Option("which engine serves", Required = true)]
    public ServingEngine Engine { get; init; }

    /// <summary>Machines of one replica.</summary>
    [Option("machines of one replica, e.g. 8xH200, 2x8xH100 or any NxGPU", Required = true)]
    public string Topology { get; init; } = "";

    /// <summary>Who starts it.</summary>
    [Option("who starts the engine: this process, or a job or manifest for another system")]
    public ServeLauncher Launcher { get; init; }

    /// <summary>Revision on the hub.</summary>
    [Option("revision of the model on the hub")]
    public string? Revision { get; init; }

    /// <summary>Name to serve under.</summary>
    [Option("name to serve the model under (else the last part of its name)")]
    public string? ServedName { get; init; }

    /// <summary>How the model is divided.</summary>
    [Option("how the model is divided among the accelerators; auto takes what holds most sequences")]
    public Parallelism Parallelism { get; init; }

    /// <summary>Whether DeepEP's kernels carry tokens to experts.</summary>
    [Option("carry tokens to experts with DeepEP's kernels, which must be installed; for --parallelism dp-ep")]
    public bool Deepep { get; init; }

    /// <summary>Requests that run at once.</summary>
    [Option("most requests that run at once in a replica (else as many as the cache holds at 6700 tokens each)")]
    public int? MaxRunning { get; init; }

    /// <summary>Requests that wait in the engine.</summary>
    [Option("most requests that wait in the engine, 100 to 2000 by its size; vLLM has no such bound (SGLang)")]
    public int? MaxQueued { get; init; }

    /// <summary>Tokens that come in one piece of a stream.</summary>
    [Option("tokens in one piece of a stream: larger pieces cost the client less")]
    public int StreamInterval { get; init; } = 10;

    /// <summary>Whether prompts that begin alike are computed once.</summary>
    [Option("compute the beginning that prompts share only once")]
    public bool PrefixCaching { get; init; } = true;

    /// <summary>Name of the engine's parser that splits off the reasoning.</summary>
    [Option("the engine's parser that splits off the reasoning (else R1's for R1, none for others)")]
    public string? ReasoningParser { get; init; }

    /// <summary>Whether the engine may run code from the model's folder.</summary>
    [Option("let the engine run Python code from the model's folder; R1 needs none with current engines")]
    public bool TrustRemoteCode { get; init; }

    /// <summary>Port.</summary>
    [Option("port of the OpenAI-compatible server (else 8000 for vLLM, 30000 for SGLang)")]
    public int? Port { get; init; }

    /// <summary>Address to listen at.</summary>
    [Option("address to listen at (else this machine alone for --launcher local, every address for the others)")]
    public string? Host { get; init; }

    /// <summary>Replicas.</summary>
    [Option("replicas, each with its own endpoint; for --launcher slurm and kubernetes")]
    public int Replicas { get; init; } = 1;

    /// <summary>Minutes until the first token.</summary>
    [Option("minutes that the engine may take until its first token: loading R1 takes about 30")]
    public double ReadyMinutes { get; init; } = 90;

    /// <summary>Restarts after a crash.</summary>
    [Option("restarts after crashes that follow each other within ten minutes")]
    public int MaxRestarts { get; init; } = 5;

    /// <summary>Pause before the first restart.</summary>
    [Option("seconds before the first restart; the pause doubles each time, to five minutes")]
    public double RestartSeconds { get; init; } = 10;

    /// <summary>Further environment of the engine.</summary>
    [Option("further variables for the engine, as NAME=VALUE, e.g. NCCL_SOCKET_IFNAME=eth0")]
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Further directives of the Slurm job.</summary>
    [Option("further directives of the Slurm job, as NAME=VALUE, e.g. partition=gpu time=3-00:00:00")]
    public IReadOnlyList<string> Sbatch { get; init; } = [];

    /// <summary>Container image.</summary>
    [Option("container image for --launcher kubernetes (else the engine's own of the version that the flags were read from)")]
    public string? Image { get; init; }

    /// <summary>Folder of the files.</summary>
    [Option("folder for scripts, manifests and logs", IsPath = true)]
    public string Out { get; init; } = "artifacts/teacher-serve";
}
