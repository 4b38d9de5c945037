using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Serving;

/// <summary>The files that start an engine: the same options give the same bytes.</summary>
internal sealed class ServeFiles
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private ServeFiles(IReadOnlyList<(string Name, string Text)> all) => All = all;

    /// <summary>Every file with its content.</summary>
    public IReadOnlyList<(string Name, string Text)> All { get; }

    /// <summary>The files of a plan.</summary>
    public static ServeFiles Of(ServePlan plan)
    {
        EngineCommand command = EngineCommand.Of(plan);
        string launch = LaunchScript.Of(plan, command);
        return new(
        [
            ("serve.json", Facts(plan, command).ToJsonString(Json) + "\n"),
            (LaunchScript.FileName, launch),
            .. plan.Options.Launcher switch
            {
                ServeLauncher.Slurm => [(ReadyScript.FileName, ReadyScript.Text), (SlurmJob.FileName, SlurmJob.Of(plan))],
                ServeLauncher.Ray => [(ReadyScript.FileName, ReadyScript.Text), (RayScript.FileName, RayScript.Of(plan))],
                ServeLauncher.Kubernetes => [(LeaderWorkerSet.FileName, LeaderWorkerSet.Of(plan, launch))],
                _ => Array.Empty<(string, string)>(),
            },
        ]);
    }

    /// <summary>Writes them; what engines have written beside them stays.</summary>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public void Write(string folder)
    {
        foreach ((string name, string text) in All)
        {
            string path = Path.Combine(folder, name);
            AtomicFile.WriteText(path, text);
            if (!OperatingSystem.IsWindows() && Path.GetExtension(name) is ".sh" or ".py") File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        }
    }

    private static JsonObject Facts(ServePlan plan, EngineCommand command) => new()
    {
        ["engine"] = plan.EngineName,
        ["model"] = plan.Options.Model,
        ["served_name"] = plan.ServedName,
        ["topology"] = plan.Topology.ToString(),
        ["parallelism"] = plan.Memory?.Name ?? plan.Parallelism.ToString(),
        ["replicas"] = plan.Options.Replicas,
        ["context_length"] = plan.Options.ContextLength,
        ["weights_bytes_per_gpu"] = plan.Memory?.WeightsPerGpu,
        ["kv_tokens"] = plan.Memory?.KvTokens,
        ["max_running"] = plan.MaxRunning,
        ["commands"] = new JsonArray([.. Enumerable.Range(0, plan.Options.Launcher == ServeLauncher.Ray ? 1 : plan.Topology.Nodes).Select(rank => (JsonNode)command.LineOf(rank))]),
    };
}
