using System.Text.Json;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>A value in a JSON file from outside, together with where it stands, so that every complaint names file and key.</summary>
internal readonly struct JsonInput
{
    private const long MostBytes = 512L << 20;

    private readonly string _file;

    private JsonInput(string file, string key, JsonElement value)
    {
        _file = file;
        Key = key;
        Value = value;
    }

    /// <summary>Path of keys from the root, as in <c>model.vocab</c>.</summary>
    public string Key { get; }

    /// <summary>The value.</summary>
    public JsonElement Value { get; }

    /// <summary>Whether the value is missing or null.</summary>
    public bool IsNull => Value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Reads a file whose root is an object.</summary>
    /// <exception cref="InputException">The file is missing, too big, or not such JSON.</exception>
    public static JsonInput Read(string file)
    {
        if (!File.Exists(file)) throw new InputException($"{file}: not found", "give the folder of a Hugging Face model");
        if (new FileInfo(file).Length > MostBytes) throw new InputException($"{file}: is larger than {MostBytes >> 20} MiB, no such file is", "download it again");
        try
        {
            using FileStream stream = File.OpenRead(file);
            using JsonDocument document = JsonDocument.Parse(stream);
            var root = new JsonInput(file, "", document.RootElement.Clone());
            return root.Value.ValueKind == JsonValueKind.Object ? root : throw root.Complaint("is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new InputException($"{file}:{e.LineNumber + 1}: is not valid JSON ({e.Message.Split(" LineNumber")[0].TrimEnd('.')})", "download it again", inner: e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{file}: cannot be read (permission denied)", "change its permissions", inner: e);
        }
    }

    /// <summary>The member <paramref name="name"/>; a null value when there is none.</summary>
    public JsonInput this[string name] => new(_file, Key.Length == 0 ? name : $"{Key}.{name}",
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out JsonElement member) ? member : default);

    /// <summary>The members of an object, in file order.</summary>
    public IEnumerable<(string Name, JsonInput Value)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Expected("an object");
        JsonInput owner = this;
        return Value.EnumerateObject().Select(member => (member.Name, new JsonInput(owner._file, $"{owner.Key}.{member.Name}", member.Value)));
    }

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonInput> Elements()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Expected("a list");
        JsonInput owner = this;
        return Value.EnumerateArray().Select((element, index) => new JsonInput(owner._file, $"{owner.Key}[{index}]", element));
    }

    /// <summary>The elements of an array; none when the value is missing or null.</summary>
    public IEnumerable<JsonInput> ElementsOrNone() => IsNull ? [] : Elements();

    /// <summary>The value as text.</summary>
    public string Text()
    {
        if (Value.ValueKind != JsonValueKind.String) throw Expected("text");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{_file}: key `{Key}` holds half a surrogate pair", "download it again", inner: e);
        }
    }

    /// <summary>The value as text, or null when it is missing or null.</summary>
    public string? TextOrNull() => IsNull ? null : Text();

    /// <summary>The value as a whole number from 0 to <paramref name="most"/>.</summary>
    public int Number(int most) => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= 0 && number <= most
        ? number
        : throw Expected($"a whole number from 0 to {most}");

    /// <summary>The value as a truth value, or null when it is missing or null.</summary>
    public bool? FlagOrNull() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        _ => throw Expected("true or false"),
    };

    /// <summary>The exception that says what is wrong with this value.</summary>
    public InputException Complaint(string what, string hint = "download it again, or use a model with a byte-level BPE tokenizer") =>
        new(Key.Length == 0 ? $"{_file}: {what}" : $"{_file}: key `{Key}` {what}", hint);

    private InputException Expected(string kind) => Complaint(IsNull ? $"is missing; {kind} belongs there" : $"is not {kind}");
}
