using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>What a run will do about a stage.</summary>
public enum StageStatus
{
    /// <summary>Finished by an earlier run with the same options and inputs: skipped.</summary>
    Done,

    /// <summary>Begun by an earlier run with the same options and inputs: goes on.</summary>
    Unfinished,

    /// <summary>Made with other options or inputs: replaced.</summary>
    Stale,

    /// <summary>Not there yet.</summary>
    New,
}

/// <summary>A stage of a run with everything resolved.</summary>
public sealed record PlannedStage
{
    /// <summary>Name within the pipeline.</summary>
    public required string Id { get; init; }

    /// <summary>The command.</summary>
    public required StageKind Kind { get; init; }

    /// <summary>Folder of the result.</summary>
    public required string Folder { get; init; }

    /// <summary>The options record.</summary>
    public required object Options { get; init; }

    /// <summary>Identity of options and inputs.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>What it reads: content hash by path, or <c>stage:</c> and the fingerprint of the stage that makes it.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>Ids of the stages it reads from.</summary>
    public required IReadOnlyList<string> Needs { get; init; }

    /// <summary>What the folder holds now.</summary>
    public required StageStatus Status { get; init; }

    /// <summary>Whether the run will run it.</summary>
    public required bool WillRun { get; init; }

    /// <summary>The manifest when the stage is done, else null.</summary>
    public RunManifest? Manifest { get; init; }
}
