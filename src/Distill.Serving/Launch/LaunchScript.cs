using System.Globalization;
using System.Text;

namespace Distill.Serving;

/// <summary>The script that starts the engine on one machine. <c>NODE_RANK</c> and <c>HEAD_ADDRESS</c> place it among the others.</summary>
internal static class LaunchScript
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "launch.sh";

    /// <summary>Name of the variable that holds the key which clients have to show; it is in no file.</summary>
    public const string KeyVariable = "DISTILL_API_KEY";

    /// <summary>Writes it.</summary>
    public static string Of(ServePlan plan, EngineCommand command)
    {
        bool isVllm = plan.Options.Engine == ServingEngine.Vllm;
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $$"""
            #!/usr/bin/env bash
            # {{plan.ServedName}} on {{plan.Topology}} by {{plan.EngineName}}: one machine of a replica. Flags as of {{plan.EngineName}} {{(isVllm ? EngineFlags.VllmVersion : EngineFlags.SglangVersion)}}.
            set -euo pipefail
            NODE_RANK="${NODE_RANK:-0}"

            """);
        if (plan.Topology.Nodes > 1 && plan.Options.Launcher != ServeLauncher.Ray)
            script.Append(": \"${HEAD_ADDRESS:?set HEAD_ADDRESS to the name or address of the first machine}\"\n");
        foreach ((string name, string value) in command.Environment) script.Append(CultureInfo.InvariantCulture, $"export {name}={ShellText.Quote(value)}\n");
        foreach (string pair in plan.Options.Env)
        {
            string[] parts = pair.Split('=', 2);
            script.Append(CultureInfo.InvariantCulture, $"export {parts[0]}={ShellText.Quote(parts[1])}\n");
        }
        if (isVllm)
        {
            script.Append("# vLLM has no bound on its queue: clients keep it short.\n");
            script.Append(CultureInfo.InvariantCulture, $"if [ -n \"${{{KeyVariable}:-}}\" ]; then export VLLM_API_KEY=\"${KeyVariable}\"; fi\n");
        }
        script.Append(CultureInfo.InvariantCulture, $"command=(\n  {string.Join(' ', command.Program.Select(ShellText.Quote))}\n");
        foreach (EngineFlag flag in command.Flags.Where(flag => flag.Scope == NodeScope.All)) script.Append(CultureInfo.InvariantCulture, $"  {flag.ForShell()}\n");
        script.Append(")\n");
        AppendScoped(script, command);
        if (!isVllm) script.Append(CultureInfo.InvariantCulture, $"if [ -n \"${{{KeyVariable}:-}}\" ]; then command+=(--api-key \"${KeyVariable}\"); fi\n");
        return script.Append("exec \"${command[@]}\"\n").ToString();
    }

    private static void AppendScoped(StringBuilder script, EngineCommand command)
    {
        string head = Flags(NodeScope.Head), workers = Flags(NodeScope.Workers);
        if (head.Length > 0 && workers.Length > 0) script.Append(CultureInfo.InvariantCulture, $"if [ \"$NODE_RANK\" = 0 ]; then\n  command+=({head})\nelse\n  command+=({workers})\nfi\n");
        else if (head.Length > 0) script.Append(CultureInfo.InvariantCulture, $"if [ \"$NODE_RANK\" = 0 ]; then command+=({head}); fi\n");

        string Flags(NodeScope scope) => string.Join(' ', command.Flags.Where(flag => flag.Scope == scope).Select(flag => flag.ForShell()));
    }
}
