using System.Text.Json.Nodes;
using Distill.Models;
using Distill.Runs;

namespace Distill.Export.Gguf;

/// <summary>What a model folder says about the model besides its shape.</summary>
/// <param name="Name">Display name.</param>
/// <param name="Card">Where it comes from and what may be done with it.</param>
/// <param name="Temperature">Default sampling temperature of <c>generation_config.json</c>.</param>
/// <param name="TopP">Default top-p.</param>
/// <param name="TopK">Default top-k; 0 for all tokens, which some files write as -1.</param>
/// <param name="MinP">Default min-p.</param>
/// <param name="RepetitionPenalty">Default penalty of tokens that were there before; 1 is none.</param>
internal sealed record ModelFacts(string Name, ModelCard Card, double? Temperature, double? TopP, int? TopK, double? MinP, double? RepetitionPenalty)
{
    /// <summary>Reads the model's card and <c>generation_config.json</c>, both optional.</summary>
    /// <exception cref="InputException">One of them is damaged.</exception>
    public static ModelFacts Read(string folder, string name)
    {
        JsonObject generation = JsonFile.Read(Path.Combine(folder, "generation_config.json")) ?? [];
        return new ModelFacts(name, ModelCard.Read(folder),
            Number(generation, "temperature"), Number(generation, "top_p"), Number(generation, "top_k") is { } topK ? (int)Math.Max(topK, 0) : null,
            Number(generation, "min_p"), Number(generation, "repetition_penalty"));
    }

    private static double? Number(JsonObject json, string key) =>
        json[key] is JsonValue value && value.TryGetValue(out double number) && Math.Abs(number) < int.MaxValue ? number : null;
}
