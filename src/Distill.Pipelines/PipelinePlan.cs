using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>A pipeline resolved against the disk: what each stage reads, and whether it has to run.</summary>
/// <param name="File">The pipeline.</param>
/// <param name="Folder">The run folder.</param>
/// <param name="Stages">The stages, in order.</param>
public sealed record PipelinePlan(PipelineFile File, string Folder, IReadOnlyList<PlannedStage> Stages)
{
    /// <summary>Identity of the whole run.</summary>
    public string Fingerprint => Runs.Fingerprint.OfTexts([.. Stages.SelectMany(stage => new[] { stage.Id, stage.Fingerprint })]);

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsDone => Stages.All(stage => !stage.WillRun);

    /// <summary>The run folder unless another is chosen. It has no date: the same pipeline finds its finished stages again.</summary>
    public static string DefaultFolder(PipelineFile file) => Path.Combine("artifacts", file.Name);

    /// <summary>Resolves a pipeline.</summary>
    /// <param name="file">The pipeline.</param>
    /// <param name="choices">What the command line says about it.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InputException">Unknown keys, wrong values, missing files or references: those of all stages at once.</exception>
    public static PipelinePlan Make(PipelineFile file, RunChoices choices, TimeProvider time)
    {
        string folder = choices.Out ?? DefaultFolder(file);
        var hashes = new InputHashes(Path.Combine(folder, StageFolder.InputHashesFile), time);
        CheckOverrides(file, choices);
        var stages = new Dictionary<string, PlannedStage>(StringComparer.Ordinal);
        var problems = new List<InputException>();
        foreach (PipelineStage stage in file.Stages)
        {
            try
            {
                stages.Add(stage.Id, Resolve(file, stage, Path.Combine(folder, stage.Id), choices, stages, hashes));
            }
            catch (InputException e)
            {
                problems.Add(e);
                stages.Add(stage.Id, Unresolved(stage, Path.Combine(folder, stage.Id))); // later references to it are right, only it is not
            }
        }
        if (problems.Count == 1) throw problems[0];
        if (problems.Count > 1)
            throw new InputException(string.Join('\n', problems.Select(e => e.Message)), string.Join("; ", problems.Select(e => e.Hint).OfType<string>().Distinct()));
        if (Directory.Exists(folder)) hashes.Save();
        return new PipelinePlan(file, folder, choices.Apply([.. file.Stages.Select(stage => stages[stage.Id])]));
    }

    private static PlannedStage Resolve(
        PipelineFile file, PipelineStage stage, string folder, RunChoices choices, Dictionary<string, PlannedStage> earlier, InputHashes hashes)
    {
        var values = new List<OptionValue>();
        if (file.Seed is { } seed && stage.Kind.Options.Find("seed") != null) values.Add(seed);
        values.AddRange(stage.Values);
        values.AddRange(choices.Overrides.Where(change => change.Stage == stage.Id).Select(change => Split(stage.Kind, change.Value)));
        StageBinding binding = StageBinding.Make(stage.Kind, stage.Place, values, folder, earlier, hashes);
        var (status, manifest) = StageFolder.Inspect(folder, stage.Kind, binding.Fingerprint);
        return new PlannedStage
        {
            Id = stage.Id,
            Kind = stage.Kind,
            Folder = folder,
            Options = binding.Options,
            Fingerprint = binding.Fingerprint,
            Inputs = binding.Inputs,
            Needs = binding.Needs,
            Status = status,
            WillRun = status != StageStatus.Done,
            Manifest = manifest,
        };
    }

    // A list is written a,b on the command line; a plain text may hold commas of its own.
    private static OptionValue Split(StageKind kind, OptionValue value) =>
        kind.Options.Find(value.Key) is { IsList: true } ? value with { Values = value.Values[0].Split(',') } : value;

    private static PlannedStage Unresolved(PipelineStage stage, string folder) => new()
    {
        Id = stage.Id,
        Kind = stage.Kind,
        Folder = folder,
        Options = new object(),
        Fingerprint = "",
        Inputs = new Dictionary<string, string>(),
        Needs = [],
        Status = StageStatus.New,
        WillRun = false,
    };

    private static void CheckOverrides(PipelineFile file, RunChoices choices)
    {
        string[] ids = [.. file.Stages.Select(stage => stage.Id)];
        IEnumerable<(string Stage, string Flag)> named = choices.Overrides.Select(change => (change.Stage, change.Value.Source));
        if (choices.From is { } from) named = named.Append((from, "--from"));
        if (choices.Only is { } only) named = named.Append((only, "--only"));
        foreach (var (stage, flag) in named)
            if (!ids.Contains(stage)) throw new InputException($"`{flag}`: {file.Path} has no stage `{stage}`", NearestName.Hint(stage, ids));
    }
}
