using System.Text.Json;
using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>
/// Reads prompts from JSON: one object per line, or (<c>.json</c>) one array of objects. Understands the keys of GSM8K,
/// MATH, OpenAI messages, ShareGPT and Alpaca, see <see cref="ColumnMap"/>.
/// </summary>
public static class JsonlPromptReader
{
    private const long LargestDocument = 256 << 20;
    private static readonly string[] RowKeys = ["data", "examples", "rows"];

    /// <summary>Reads a file of JSON lines, one prompt at a time.</summary>
    /// <param name="path">The file, gzip-compressed when its name ends in <c>.gz</c>.</param>
    /// <param name="columns">Which keys hold what.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <exception cref="InputException">A line is not a JSON object, or lacks something; the message names the line.</exception>
    public static IEnumerable<Prompt> ReadLines(string path, ColumnMap? columns = null, bool answerRequired = false)
    {
        string source = PromptReader.SourceOf(path);
        foreach ((long number, ReadOnlyMemory<byte> utf8) in JsonLines.Read(path))
        {
            string where = $"{path}:{number}";
            using JsonDocument document = Parse(where, () => JsonDocument.Parse(utf8));
            yield return Fields(where, document.RootElement, columns ?? ColumnMap.Automatic)
                .ToPrompt(columns ?? ColumnMap.Automatic, source, answerRequired);
        }
    }

    /// <summary>Reads a JSON document that is an array of rows, or an object with such an array under <c>data</c>, <c>examples</c> or <c>rows</c>.</summary>
    /// <inheritdoc cref="ReadLines" path="/param"/>
    /// <exception cref="InputException">It is not such a document, or a row lacks something; the message counts rows from 1.</exception>
    public static IEnumerable<Prompt> ReadDocument(string path, ColumnMap? columns = null, bool answerRequired = false)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "check the path");
        if (new FileInfo(path).Length > LargestDocument) throw new InputException($"{path}: larger than {LargestDocument >> 20} MB", "store it as JSON lines (.jsonl)");
        using JsonDocument document = Parse(path, () => JsonDocument.Parse(File.ReadAllBytes(path)));
        JsonElement root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Object)
        {
            string key = Array.Find(RowKeys, name => root.TryGetProperty(name, out _))
                ?? throw new InputException($"{path}: the object has no array of rows under `data`, `examples` or `rows`", "store the rows as an array, or as JSON lines (.jsonl)");
            root = root.GetProperty(key);
        }
        if (root.ValueKind != JsonValueKind.Array) throw new InputException($"{path}: is not an array of rows", "store the rows as an array, or as JSON lines (.jsonl)");
        int number = 0;
        foreach (JsonElement row in root.EnumerateArray())
        {
            yield return Fields($"{path}: row {++number}", row, columns ?? ColumnMap.Automatic)
                .ToPrompt(columns ?? ColumnMap.Automatic, PromptReader.SourceOf(path), answerRequired);
        }
    }

    private static JsonDocument Parse(string where, Func<JsonDocument> parse)
    {
        try
        {
            return parse();
        }
        catch (JsonException e)
        {
            throw new InputException($"{where}: is not JSON ({e.Message.Split(" LineNumber")[0]})", "every line of a .jsonl file is one JSON object", inner: e);
        }
    }

    private static PromptFields Fields(string where, JsonElement row, ColumnMap map)
    {
        if (row.ValueKind != JsonValueKind.Object) throw new InputException($"{where}: is not a JSON object", "every row is an object with keys such as `prompt` and `answer`");
        var values = new Dictionary<string, JsonElement>(StringComparer.OrdinalIgnoreCase);
        foreach (JsonProperty property in row.EnumerateObject())
            if (property.Value.ValueKind != JsonValueKind.Null) values.TryAdd(property.Name, property.Value);
        try
        {
            string? promptKey = ColumnMap.Find(map.Prompt, ColumnMap.PromptNames, values.ContainsKey);
            JsonElement prompt = promptKey is null ? default : values[promptKey];
            return new PromptFields
            {
                Where = where,
                Id = Value(map.Id, ColumnMap.IdNames) is { ValueKind: JsonValueKind.String } id ? id.GetString() : null,
                Messages = prompt.ValueKind == JsonValueKind.Array ? [.. prompt.EnumerateArray().Select(message => MessageOf(where, message))] : null,
                Text = prompt.ValueKind is JsonValueKind.Array or JsonValueKind.Undefined ? null : TextOf(prompt, "\n\n"),
                Context = TextOf(Value(null, ColumnMap.ContextNames), "\n\n"),
                Input = promptKey == "instruction" && values.TryGetValue("input", out JsonElement input) ? TextOf(input, "\n\n") : null,
                Answer = TextOf(Value(map.Answer, ColumnMap.AnswerNames), ", "),
                Solution = TextOf(Value(map.Solution, ColumnMap.SolutionNames), "\n\n"),
                Source = TextOf(Value(map.Source, ColumnMap.SourceNames), "/"),
            };
        }
        catch (InvalidOperationException e) // a \ud800 escape without its other half
        {
            throw new InputException($"{where}: holds text that is not valid Unicode", "remove the broken character", inner: e);
        }

        JsonElement Value(string? chosen, string[] known) =>
            ColumnMap.Find(chosen, known, values.ContainsKey) is { } name ? values[name] : default;
    }

    private static Message MessageOf(string where, JsonElement message)
    {
        string? name = Property("role") ?? Property("from");
        if (!MessageRoles.TryParse(name, out MessageRole role))
            throw new InputException($"{where}: a message has {(name is null ? "no `role`" : $"the unknown role `{name}`")}", "roles are system, user, assistant and tool");
        return new Message(role, Property("content") ?? Property("value") ?? throw new InputException($"{where}: a message has no `content`", "every message has `role` and `content`"),
            Property("reasoning_content") ?? Property("reasoning"));

        string? Property(string key) => message.ValueKind == JsonValueKind.Object && message.TryGetProperty(key, out JsonElement value) ? TextOf(value, "\n") : null;
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
