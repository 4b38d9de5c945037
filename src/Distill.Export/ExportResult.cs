using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Export;

/// <summary>What an export wrote: the content of <c>artifact.json</c>.</summary>
public sealed record ExportResult
{
    /// <summary>Name of the file in the output folder.</summary>
    public const string FileName = "artifact.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Weights of the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>Which rows fitted no block of the wanted type and what it costs, or null when all did.</summary>
    public string? Fallbacks { get; init; }

    /// <summary>The exported models.</summary>
    public required IReadOnlyList<ArtifactFile> Files { get; init; }

    /// <summary>Reads <c>artifact.json</c> of an output folder.</summary>
    /// <exception cref="InputException">The file is missing or damaged.</exception>
    public static ExportResult Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new InputException($"{path}: missing", "run `distill export` again");
        try
        {
            return JsonSerializer.Deserialize<ExportResult>(File.ReadAllText(path), Json) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is not an artifact list", "run `distill export` again", inner: e);
        }
    }

    /// <summary>Writes <c>artifact.json</c>, atomically.</summary>
    public void Save(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}
