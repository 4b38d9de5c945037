using System.Text.Json.Nodes;

namespace Distill.Models;

/// <summary>
/// A <c>config.json</c> in the making. It starts as the file that the shape was read from, and only what differs from it is
/// changed, so that keys unknown here, their order and the way numbers are written survive.
/// </summary>
internal sealed class ConfigJson
{
    // Code that does not come along, a compression that is gone when the weights are written, layers that are not loaded.
    private static readonly string[] NotKept = ["auto_map", "quantization_config"];

    private readonly bool _kept;

    public ConfigJson(ConfigOrigin? origin)
    {
        _kept = origin is not null;
        Root = origin?.Json.DeepClone().AsObject() ?? [];
        foreach (string key in NotKept) Root.Remove(key);
        if (Root.ContainsKey("num_nextn_predict_layers")) Root["num_nextn_predict_layers"] = 0;
    }

    public JsonObject Root { get; private set; }

    public bool Has(string key) => Root[key] is not null;

    /// <summary>Sets a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value; null leaves an absent key absent.</param>
    /// <param name="implied">What readers take when the key is absent: then a file that did without goes on without.</param>
    public void Set(string key, JsonNode? value, JsonNode? implied = null)
    {
        if (!Root.TryGetPropertyValue(key, out JsonNode? present) && (value is null || (_kept && JsonNode.DeepEquals(value, implied)))) return;
        if (!JsonNode.DeepEquals(present, value)) Root[key] = value;
    }

    /// <summary>No id as null, one as a number, several as a list.</summary>
    public void SetIds(string key, IReadOnlyList<int> ids)
    {
        // A list of one stays a list.
        if (Root[key] is JsonArray present && ids.Count == 1 && present.Count == 1 && JsonNode.DeepEquals(present[0], ids[0])) return;
        Set(key, ids.Count switch
        {
            0 => null,
            1 => JsonValue.Create(ids[0]),
            _ => new JsonArray([.. ids.Select(id => (JsonNode)id)]),
        });
    }

    /// <summary>The whole file; the keys of a new one in alphabetical order, as transformers writes them.</summary>
    public JsonObject Finished()
    {
        if (_kept) return Root;
        var sorted = new JsonObject();
        foreach ((string key, JsonNode? value) in Root.OrderBy(item => item.Key, StringComparer.Ordinal)) sorted[key] = value?.DeepClone();
        return sorted;
    }
}
