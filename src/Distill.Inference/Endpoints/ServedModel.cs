using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>A line of a server's list of models.</summary>
/// <param name="Id">Name to ask for it by.</param>
/// <param name="Owner">Who serves it, in the server's words: engines write their own name here.</param>
internal sealed record ServedModel(string Id, string Owner)
{
    /// <summary>Reads a list in OpenAI's shape; null when it is none.</summary>
    public static List<ServedModel>? Read(byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array) return null;
            return [.. data.EnumerateArray().Select(model => new ServedModel(Text(model, "id"), Text(model, "owned_by"))).Where(model => model.Id.Length > 0)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
}
