using System.Text.Json.Nodes;

namespace Distill.Models;

/// <summary>Values that <c>config.json</c> writes in more than one way.</summary>
internal static class ConfigJson
{
    /// <summary>No id as null, one as a number, several as a list.</summary>
    public static JsonNode? Ids(IReadOnlyList<int> ids) => ids.Count switch
    {
        0 => null,
        1 => JsonValue.Create(ids[0]),
        _ => new JsonArray([.. ids.Select(id => (JsonNode)id)]),
    };
}
