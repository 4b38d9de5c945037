using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Models;

/// <summary>The keys of one <c>config.json</c>, or of an object in it, read with errors that name file and key.</summary>
internal sealed class ConfigKeys
{
    private const int ByteLimit = 16 << 20;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly string _path, _prefix;

    private ConfigKeys(string path, string prefix, JsonObject root) => (_path, _prefix, Root) = (path, prefix, root);

    public JsonObject Root { get; }

    public static ConfigKeys Parse(string path)
    {
        try
        {
            if (new FileInfo(path).Length > ByteLimit) throw new InputException($"{path}: larger than 16 MB, so not a model's config.json");
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "check that it is a file you may read", inner: e);
        }
    }

    /// <summary>Parses the bytes of a file.</summary>
    /// <exception cref="InputException">They are no JSON object, or a key is there twice.</exception>
    public static ConfigKeys Parse(string path, ReadOnlySpan<byte> utf8)
    {
        try
        {
            if (utf8.StartsWith(Encoding.UTF8.Preamble)) utf8 = utf8[Encoding.UTF8.Preamble.Length..];
            RequireReadableTexts(utf8);
            return new(path, "", JsonNode.Parse(utf8, documentOptions: Strict) as JsonObject ?? throw new InputException($"{path}: is not a JSON object"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string line = e is JsonException { LineNumber: { } number } ? $":{number + 1}" : "";
            throw new InputException($"{path}{line}: is not valid JSON", "download or write the file again", inner: e);
        }
    }

    /// <summary>The keys of an object at hand.</summary>
    public static ConfigKeys Of(JsonObject root) => new("config.json", "", root);

    public bool Has(string key) => Root[key] is not null;

    /// <summary>The keys of the object under a key, or null when there is none.</summary>
    public ConfigKeys? Section(string key) => Root[key] switch
    {
        null => null,
        JsonObject section => new(_path, $"{_prefix}{key}.", section),
        _ => throw Unusable(key, "an object"),
    };

    public int Whole(string key, int? otherwise = null)
    {
        double number = Number(key, otherwise);
        return number == Math.Floor(number) ? (int)number : throw Unusable(key, "a whole number");
    }

    public int? WholeOrNull(string key) => Has(key) ? Whole(key) : null;

    public double Number(string key, double? otherwise = null)
    {
        if (!Has(key)) return otherwise ?? throw new InputException($"{_path}: key `{_prefix}{key}` is missing", "restore the config.json that belongs to these weights");
        if (Root[key] is JsonValue value && value.TryGetValue(out double number) && Math.Abs(number) < int.MaxValue) return number;
        throw Unusable(key, "a usable number");
    }

    public double? NumberOrNull(string key) => Has(key) ? Number(key) : null;

    public bool Flag(string key, bool otherwise)
    {
        if (!Has(key)) return otherwise;
        return Root[key] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Unusable(key, "true or false");
    }

    public string Text(string key, string otherwise)
    {
        if (!Has(key)) return otherwise;
        return Root[key] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Unusable(key, "a text");
    }

    /// <summary>Texts of a list; none when the key is absent.</summary>
    public IReadOnlyList<string> Texts(string key) => List(key, item => item is JsonValue value && value.TryGetValue(out string? text) ? text : throw Unusable(key, "a list of texts"));

    /// <summary>Token ids: none, one, or a list.</summary>
    public IReadOnlyList<int> Ids(string key) => Root[key] is JsonArray
        ? List(key, item => item is JsonValue value && value.TryGetValue(out int id) ? id : throw Unusable(key, "a list of token ids"))
        : WholeOrNull(key) is { } one ? [one] : [];

    /// <summary>Refuses the model when a key asks for what is not known here.</summary>
    public void Require(bool right, string key, string known)
    {
        if (right) return;
        string value = Root[key]?.ToJsonString() ?? "absent";
        throw new InputException($"{_path}: `{_prefix}{key}` is {(value.Length > 60 ? value[..60] + "…" : value)}, only {known} is known here", "use a model without this setting");
    }

    // JsonNode decodes a text when it is asked for it, and would fail only then on bytes that are no UTF-8 and on half a surrogate pair.
    private static void RequireReadableTexts(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) _ = reader.GetString();
        }
    }

    private List<T> List<T>(string key, Func<JsonNode?, T> read) => Root[key] switch
    {
        null => [],
        JsonArray items => [.. items.Select(read)],
        _ => throw Unusable(key, "a list"),
    };

    private InputException Unusable(string key, string expected) =>
        new($"{_path}: key `{_prefix}{key}` is not {expected}", "restore the config.json that belongs to these weights");
}
