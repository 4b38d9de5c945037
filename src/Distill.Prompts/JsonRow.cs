using System.Text.Json;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>A JSON object as a row. Good as long as its document.</summary>
internal sealed class JsonRow : DatasetRow
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.OrdinalIgnoreCase);

    public JsonRow(string where, JsonElement row)
    {
        Where = where;
        if (row.ValueKind != JsonValueKind.Object) throw new InputException($"{where}: is not a JSON object", "every row is an object with keys such as `prompt` and `answer`");
        try
        {
            foreach (JsonProperty property in row.EnumerateObject())
                if (property.Value.ValueKind != JsonValueKind.Null) _values.TryAdd(property.Name, property.Value);
        }
        catch (InvalidOperationException e)
        {
            throw JsonDocuments.NotUnicode(where, e);
        }
    }

    public override string Where { get; }

    public override IEnumerable<string> Names => _values.Keys;

    public override bool Has(string name) => Find(name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public override string? Text(string name, string separator = "\n\n") => Guard(() => TextOf(Find(name), separator));

    public override IReadOnlyList<string?>? Texts(string name) => Guard(() =>
        Find(name) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(item => item.ValueKind != JsonValueKind.Object)
            ? (IReadOnlyList<string?>)[.. list.EnumerateArray().Select(item => TextOf(item, "\n\n"))] : null);

    public override IReadOnlyList<Message>? Messages(string name) => Guard(() =>
        Find(name) is { ValueKind: JsonValueKind.Array } list ? (IReadOnlyList<Message>)[.. list.EnumerateArray().Select(MessageOf)] : null);

    internal override string? Json(string name) => Find(name) is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } value ? value.GetRawText() : null;

    internal override string? Id(string name) => Find(name).ValueKind == JsonValueKind.String ? Text(name) : null;

    // `info.think_content` is a key of that name, or a key of the object under `info`.
    private JsonElement Find(string name)
    {
        if (_values.TryGetValue(name, out JsonElement value)) return value;
        int dot = name.IndexOf('.');
        if (dot < 0 || !_values.TryGetValue(name[..dot], out JsonElement group) || group.ValueKind != JsonValueKind.Object) return default;
        return FieldOf(group, name[(dot + 1)..]);
    }

    private JsonElement FieldOf(JsonElement group, string name) => Guard(() => group.TryGetProperty(name, out JsonElement field) ? field : default);

    private Message MessageOf(JsonElement message)
    {
        string? name = Property("role") ?? Property("from");
        if (!MessageRoles.TryParse(name, out MessageRole role))
            throw new InputException($"{Where}: a message has {(name is null ? "no `role`" : $"the unknown role `{name}`")}", "roles are system, user, assistant and tool");
        return new Message(role, Property("content") ?? Property("value") ?? throw new InputException($"{Where}: a message has no `content`", "every message has `role` and `content`"),
            Property("reasoning_content") ?? Property("reasoning"));

        string? Property(string key) => message.ValueKind == JsonValueKind.Object && message.TryGetProperty(key, out JsonElement value) ? TextOf(value, "\n") : null;
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw JsonDocuments.NotUnicode(Where, e);
        }
    }

    // Numbers keep the digits of the file; lists of texts (or of OpenAI's text parts) are joined.
    private static string? TextOf(JsonElement value, string separator) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Array => string.Join(separator, value.EnumerateArray().Select(item => TextOf(item, separator))),
        JsonValueKind.Object => value.TryGetProperty("text", out JsonElement text) ? TextOf(text, separator) : value.GetRawText(),
        _ => null,
    };
}
