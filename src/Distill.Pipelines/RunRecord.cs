using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary><c>run.json</c> of a run folder: which stages ran, how long, on what machine.</summary>
public sealed record RunRecord
{
    /// <summary>Name of the file in the run folder.</summary>
    public const string FileName = "run.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for reading; nothing here goes into HTML unescaped
    };

    /// <summary>Name of the pipeline.</summary>
    public required string Name { get; init; }

    /// <summary>The pipeline file as it was named.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Identity of the run: all its stages'.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Version of distill.</summary>
    public string ToolVersion { get; init; } = Runs.ToolVersion.Current;

    /// <summary>The machine.</summary>
    public MachineInfo Machine { get; init; } = new();

    /// <summary>When the last stage that ran began or ended, in UTC.</summary>
    public DateTimeOffset Updated { get; init; }

    /// <summary><c>running</c>, <c>done</c>, <c>interrupted</c> or <c>failed</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What stopped it, when it failed.</summary>
    public string? Error { get; init; }

    /// <summary>The stages, in order.</summary>
    public IReadOnlyList<RunRecordStage> Stages { get; init; } = [];

    /// <summary>Seconds of all stages together, over all attempts.</summary>
    public double Seconds => Math.Round(Stages.Sum(stage => stage.Seconds), 2);

    /// <summary>Reads the record of a run folder, or null when there is none or it is damaged.</summary>
    public static RunRecord? TryLoad(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<RunRecord>(File.ReadAllText(path), Json);
        }
        catch (JsonException)
        {
            return null; // it describes the run and decides nothing: written afresh
        }
    }

    /// <summary>Writes the record, atomically.</summary>
    public void Save(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}

/// <summary>One stage in a run's record.</summary>
/// <param name="Id">Name within the pipeline.</param>
/// <param name="Stage">The command.</param>
/// <param name="Status"><c>waiting</c>, <c>running</c> or <c>done</c>.</param>
/// <param name="Fingerprint">Identity of options and inputs.</param>
/// <param name="Seconds">Wall time over all attempts; 0 until it is done.</param>
public sealed record RunRecordStage(string Id, string Stage, string Status, string Fingerprint, double Seconds);
