using Distill.Runs;

namespace Distill.Prompts;

/// <summary>Options of the <c>prompts</c> stage, which writes generated problems to a JSONL file.</summary>
public sealed record PromptsOptions : ICheckedOptions
{
    /// <summary>Folder that receives <c>prompts.jsonl</c>.</summary>
    [Option("folder to write prompts.jsonl into", Required = true, IsPath = true)]
    public string Out { get; init; } = "";

    /// <summary>Problems of two operations.</summary>
    [Option("number of short arithmetic problems: a product of two-digit numbers and a sum")]
    public int Short { get; init; }

    /// <summary>Problems of two to five operations with two-digit products.</summary>
    [Option("number of basic arithmetic problems")]
    public int Basic { get; init; }

    /// <summary>Problems of three-digit products.</summary>
    [Option("number of hard arithmetic problems")]
    public int Hard { get; init; }

    /// <summary>Whether to draw from the part kept for evaluation, which is never trained on.</summary>
    [Option("draw from the problems held out for evaluation")]
    public bool HeldOut { get; init; }

    /// <summary>Same seed, same problems.</summary>
    [Option("seed of the generator")]
    public long Seed { get; init; } = 17;

    /// <inheritdoc/>
    public void Check()
    {
        foreach ((string key, int count) in (ReadOnlySpan<(string, int)>)[("short", Short), ("basic", Basic), ("hard", Hard)])
            if (count < 0) throw new InputException($"`{key}` is {count}", "give a number of problems");
        if (Short == 0 && Basic == 0 && Hard == 0)
            throw new InputException("prompts: no problems are asked for", "set `short`, `basic` or `hard` to a positive number");
    }
}
