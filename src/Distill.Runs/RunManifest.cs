using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Distill.Runs;

/// <summary>
/// <c>manifest.json</c> of a stage folder: what was done, from what, with which options, by which version.
/// It is written last, so a folder that has one is finished.
/// </summary>
public sealed record RunManifest
{
    /// <summary>Name of the file in every stage folder.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for reading; nothing here goes into HTML unescaped
    };

    /// <summary>Command that made the folder, e.g. <c>train</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Identity of the stage: its options, inputs and tool version. The same fingerprint means the same result.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Version of distill.</summary>
    public string ToolVersion { get; init; } = Runs.ToolVersion.Current;

    /// <summary>Seed of the stage.</summary>
    public long Seed { get; init; }

    /// <summary>Every option with the value that was used.</summary>
    public JsonObject Options { get; init; } = [];

    /// <summary>Content hash by input path.</summary>
    public SortedDictionary<string, string> Inputs { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Figures of the stage worth showing later, e.g. rows, tokens, loss.</summary>
    public JsonObject Results { get; init; } = [];

    /// <summary>Wall time of the stage in seconds, over all its attempts.</summary>
    public double Seconds { get; init; }

    /// <summary>Reads the manifest of a stage folder, or null when the stage has not finished there.</summary>
    public static RunManifest? TryLoad(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<RunManifest>(File.ReadAllText(path), Json);
        }
        catch (JsonException)
        {
            return null; // a damaged manifest is no proof that the stage finished: it runs again
        }
    }

    /// <summary>Writes the manifest into the stage folder, atomically.</summary>
    public void Save(string folder) =>
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}
