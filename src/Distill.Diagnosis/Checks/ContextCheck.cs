using System.Globalization;
using System.Text.Json.Nodes;

namespace Distill.Diagnosis.Checks;

/// <summary>Whether GGUF files are made for as many positions as the model.</summary>
internal sealed class ContextCheck : ICheck
{
    private const string Key = "context_length";

    public string Name => "context";

    public IEnumerable<Finding> Look(Patient patient)
    {
        ModelFolder model = patient.Model;
        if (patient.TokenizerOnly || model.Config.Value?["max_position_embeddings"] is not JsonValue value || !value.TryGetValue(out long positions)) yield break;
        foreach (GgufCopy file in patient.Gguf.Select(part => part.Value).OfType<GgufCopy>())
        {
            if (file.Number(Key) is not { } found || found == positions) continue;
            string consequence = found < positions ? "llama.cpp and Ollama end there: longer reasoning is cut off" : "llama.cpp and Ollama go on beyond what the model was made for";
            yield return new(Name, Severity.Warning, file.Place(file.Key(Key)), string.Create(CultureInfo.InvariantCulture, $"is {found:#,0}, {model.File(ModelFolder.ConfigFile)} says {positions:#,0} positions"), consequence, "export the model again with `distill export`");
        }
    }
}
