using System.Text.Json.Nodes;

namespace Distill.Diagnosis;

/// <summary>Token ids in JSON: one number or a list.</summary>
internal static class TokenIds
{
    /// <summary>The ids under a key; null when there are none.</summary>
    public static IReadOnlyList<int>? Read(JsonObject? json, string key)
    {
        int[] ids = [.. (json?[key] is JsonArray list ? list : [json?[key]?.DeepClone()]).Select(Number).OfType<int>()];
        return ids.Length > 0 ? ids : null;
    }

    /// <summary>A whole number; null for anything else.</summary>
    public static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
