using System.Collections.Frozen;

namespace Distill.Serving;

/// <summary>The command line of an engine, the same for all machines of a replica but for the flags that place each among the others.</summary>
/// <param name="Program">Program and its first words.</param>
/// <param name="Flags">Flags, in the order in which they are written.</param>
/// <param name="Environment">Variables that go with it.</param>
internal sealed record EngineCommand(IReadOnlyList<string> Program, IReadOnlyList<EngineFlag> Flags, IReadOnlyList<KeyValuePair<string, string>> Environment)
{
    /// <summary>The command line of the chosen engine.</summary>
    /// <exception cref="InvalidOperationException">A flag is not in the engine's documented list, or has a value where it takes none.</exception>
    public static EngineCommand Of(ServePlan plan)
    {
        bool isVllm = plan.Options.Engine == ServingEngine.Vllm;
        EngineCommand command = isVllm ? VllmCommand.Of(plan) : SglangCommand.Of(plan);
        FrozenDictionary<string, bool> documented = isVllm ? EngineFlags.Vllm : EngineFlags.Sglang;
        foreach (EngineFlag flag in command.Flags)
        {
            if (!documented.TryGetValue(flag.Name, out bool takesValue)) throw new InvalidOperationException($"`{flag.Name}` is not a flag that {plan.EngineName} documents");
            if (takesValue != (flag.Value is not null || flag.RankFactor > 0)) throw new InvalidOperationException($"`{flag.Name}` {(takesValue ? "needs a" : "takes no")} value");
        }
        return command;
    }

    /// <summary>The command line on one machine.</summary>
    public string LineOf(int rank) => string.Join(' ', [.. Program.Select(ShellText.Quote), .. Flags.Where(flag => flag.IsFor(rank)).Select(flag => flag.ForNode(rank))]);
}
