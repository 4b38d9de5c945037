using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Models;

/// <summary>The keys of one <c>config.json</c>, read with errors that name file and key.</summary>
internal sealed class ConfigKeys
{
    private readonly string path;

    private ConfigKeys(string path, JsonObject root) => (this.path, Root) = (path, root);

    public JsonObject Root { get; }

    public static ConfigKeys Parse(string path)
    {
        try
        {
            if (new FileInfo(path).Length > 16 << 20) throw new InputException($"{path}: larger than 16 MB, so not a model's config.json");
            return new(path, JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InputException($"{path}: is not a JSON object"));
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}:{e.LineNumber + 1}: is not valid JSON", "download or write the file again", inner: e);
        }
    }

    public int Whole(string key, int? otherwise = null) => (int)Number(key, otherwise);

    public int? WholeOrNull(string key) => Root[key] is null ? null : Whole(key);

    public double Number(string key, double? otherwise = null)
    {
        if (Root[key] is null) return otherwise ?? throw new InputException($"{path}: key `{key}` is missing", "restore the config.json that belongs to these weights");
        if (Root[key] is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) && Math.Abs(number) < int.MaxValue) return number;
        throw new InputException($"{path}: key `{key}` is not a usable number");
    }

    public bool Flag(string key, bool otherwise) => Root[key] is JsonValue value && value.TryGetValue(out bool flag) ? flag : otherwise;

    public string Text(string key, string otherwise) => Root[key] is JsonValue value && value.TryGetValue(out string? text) ? text : otherwise;

    /// <summary>The rotary base, where old and new versions of transformers write it.</summary>
    public double RopeTheta() =>
        Root["rope_parameters"] is JsonObject parameters && parameters["rope_theta"] is JsonValue nested && nested.TryGetValue(out double theta)
            ? theta
            : Number("rope_theta", 10000);

    /// <summary>Refuses a rotary scaling, which would change every position.</summary>
    public void RefuseRopeScaling()
    {
        if (Root["rope_scaling"] is JsonObject scaling) RefuseUnlessDefault(scaling);
        if (Root["rope_parameters"] is JsonObject parameters) RefuseUnlessDefault(parameters);
    }

    /// <summary>End-of-sequence tokens: one id or a list.</summary>
    public IReadOnlyList<int> Ids(string key) => Root[key] switch
    {
        null => [],
        JsonArray list => [.. list.Select(id => id!.GetValue<int>())],
        _ => [Whole(key)],
    };

    private void RefuseUnlessDefault(JsonObject scaling)
    {
        string kind = (scaling["rope_type"] ?? scaling["type"])?.ToString() ?? "default";
        if (kind != "default") throw new InputException($"{path}: rotary scaling `{kind}` is not supported yet", "use a model without rope_scaling");
    }
}
