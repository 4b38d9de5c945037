using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>What the command line says about a run.</summary>
public sealed record RunChoices
{
    /// <summary>The run folder; null: <c>artifacts/</c> and the pipeline's name.</summary>
    public string? Out { get; init; }

    /// <summary>Run this stage and all after it even if they are done.</summary>
    public string? From { get; init; }

    /// <summary>Run this stage alone, even if it is done.</summary>
    public string? Only { get; init; }

    /// <summary>Values that replace those of the file.</summary>
    public IReadOnlyList<(string Stage, OptionValue Value)> Overrides { get; init; } = [];

    /// <summary>Reads <c>stage.key=value</c>; a list is written <c>stage.key=a,b</c>.</summary>
    /// <exception cref="InputException">The text has another form.</exception>
    public static (string Stage, OptionValue Value) ParseOverride(string text)
    {
        int equals = text.IndexOf('='), dot = equals < 0 ? -1 : text.AsSpan(0, equals).IndexOf('.');
        if (dot <= 0 || equals == dot + 1)
            throw new InputException($"`--set {text}` cannot be read", "write `--set stage.key=value`, e.g. `--set train.max_steps=100`");
        string key = text[(dot + 1)..equals];
        return (text[..dot], new OptionValue(key, [text[(equals + 1)..]], $"--set {text[..equals]}"));
    }

    // Decides what runs, and refuses a single stage whose inputs are not there.
    internal IReadOnlyList<PlannedStage> Apply(PlannedStage[] stages)
    {
        if (Only is { } only)
        {
            PlannedStage chosen = stages.First(stage => stage.Id == only);
            if (chosen.Needs.FirstOrDefault(id => stages.First(stage => stage.Id == id).Status != StageStatus.Done) is { } missing)
                throw new InputException($"`--only {only}`: it reads from stage `{missing}`, which is not finished", "run without `--only`");
            return [.. stages.Select(stage => stage with { WillRun = stage == chosen })];
        }
        int from = From is null ? stages.Length : Array.FindIndex(stages, stage => stage.Id == From);
        return [.. stages.Select((stage, index) => index < from ? stage : stage with { WillRun = true })];
    }
}
