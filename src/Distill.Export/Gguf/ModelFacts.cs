using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Export.Gguf;

/// <summary>What a model folder says about the model besides its shape.</summary>
/// <param name="Name">Display name.</param>
/// <param name="License">SPDX-style identifier from the model card, if it names one.</param>
/// <param name="Temperature">Default sampling temperature of <c>generation_config.json</c>.</param>
/// <param name="TopP">Default top-p.</param>
/// <param name="TopK">Default top-k.</param>
internal sealed record ModelFacts(string Name, string? License, double? Temperature, double? TopP, int? TopK)
{
    private const int FileLimit = 1 << 20;

    /// <summary>Reads <c>README.md</c> (front matter) and <c>generation_config.json</c>, both optional.</summary>
    /// <exception cref="InputException"><c>generation_config.json</c> is damaged.</exception>
    public static ModelFacts Read(string folder, string name)
    {
        JsonObject generation = ReadGenerationConfig(Path.Combine(folder, "generation_config.json"));
        return new ModelFacts(name, ReadLicense(Path.Combine(folder, "README.md")),
            Number(generation, "temperature"), Number(generation, "top_p"), (int?)Number(generation, "top_k"));
    }

    private static JsonObject ReadGenerationConfig(string path)
    {
        if (!File.Exists(path)) return [];
        try
        {
            if (new FileInfo(path).Length <= FileLimit && JsonNode.Parse(File.ReadAllText(path)) is JsonObject json) return json;
        }
        catch (JsonException) { }
        throw new InputException($"{path}: is not a usable generation config", "restore the file that belongs to these weights");
    }

    private static double? Number(JsonObject json, string key) =>
        json[key] is JsonValue value && value.TryGetValue(out double number) && Math.Abs(number) < int.MaxValue ? number : null;

    // A model card starts with YAML between two lines of dashes.
    private static string? ReadLicense(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > FileLimit) return null;
        string[] lines = File.ReadAllLines(path);
        if (lines.Length == 0 || lines[0].Trim() != "---") return null;
        return lines.Skip(1).TakeWhile(line => line.Trim() != "---")
            .Where(line => line.StartsWith("license:", StringComparison.Ordinal))
            .Select(line => line["license:".Length..].Trim().Trim('"', '\''))
            .FirstOrDefault(license => license.Length > 0);
    }
}
