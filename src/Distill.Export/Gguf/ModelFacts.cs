using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Runs;

namespace Distill.Export.Gguf;

/// <summary>What a model folder says about the model besides its shape.</summary>
/// <param name="Name">Display name.</param>
/// <param name="Card">Where it comes from and what may be done with it.</param>
/// <param name="Temperature">Default sampling temperature of <c>generation_config.json</c>.</param>
/// <param name="TopP">Default top-p.</param>
/// <param name="TopK">Default top-k.</param>
/// <param name="MinP">Default min-p.</param>
/// <param name="RepetitionPenalty">Default penalty of tokens that were there before; 1 is none.</param>
internal sealed record ModelFacts(string Name, ModelCard Card, double? Temperature, double? TopP, int? TopK, double? MinP, double? RepetitionPenalty)
{
    private const int FileLimit = 1 << 20;

    /// <summary>Reads the model's card and <c>generation_config.json</c>, both optional.</summary>
    /// <exception cref="InputException">One of them is damaged.</exception>
    public static ModelFacts Read(string folder, string name)
    {
        JsonObject generation = ReadGenerationConfig(Path.Combine(folder, "generation_config.json"));
        return new ModelFacts(name, ModelCard.Read(folder),
            Number(generation, "temperature"), Number(generation, "top_p"), (int?)Number(generation, "top_k"),
            Number(generation, "min_p"), Number(generation, "repetition_penalty"));
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
}
