using System.Text;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Chat;

/// <summary>A value in a JSON file from outside, together with where it stands, so that every complaint names file and key.</summary>
internal readonly struct JsonInput
{
    private const long MostBytes = 512L << 20;

    // The path is put together when somebody complains: a vocabulary has hundreds of thousands of values.
    private readonly string _file, _owner;
    private readonly string? _name;
    private readonly int _index;

    private JsonInput(string file, string owner, string? name, int index, JsonElement value)
    {
        (_file, _owner, _name, _index) = (file, owner, name, index);
        Value = value;
    }

    /// <summary>Path of keys from the root, as in <c>model.vocab</c>.</summary>
    public string Key => _name is null ? _index < 0 ? _owner : $"{_owner}[{_index}]" : _owner.Length == 0 ? _name : $"{_owner}.{_name}";

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
            return Parse(file, File.ReadAllBytes(file));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{file}: cannot be read (permission denied)", "change its permissions", inner: e);
        }
    }

    /// <summary>Reads the bytes of a file whose root is an object.</summary>
    /// <exception cref="InputException">They are not such JSON.</exception>
    public static JsonInput Parse(string file, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (bytes.Span.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[Encoding.UTF8.Preamble.Length..];
            // The document lives as long as its values; over an array of ours it holds nothing that would have to be given back.
            var root = new JsonInput(file, "", null, -1, JsonDocument.Parse(bytes).RootElement);
            return root.Value.ValueKind == JsonValueKind.Object ? root : throw root.Complaint("is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new InputException($"{file}:{e.LineNumber + 1}: is not valid JSON ({e.Message.Split(" LineNumber")[0].TrimEnd('.')})", "download it again", inner: e);
        }
    }

    /// <summary>The member <paramref name="name"/>; a null value when there is none.</summary>
    public JsonInput this[string name]
    {
        get
        {
            try
            {
                return new JsonInput(_file, Key, name, -1, Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out JsonElement member) ? member : default);
            }
            catch (InvalidOperationException e)
            {
                throw NotUnicode(e); // another member's name is broken
            }
        }
    }

    /// <summary>The members of an object, in file order.</summary>
    public IEnumerable<(string Name, JsonInput Value)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Expected("an object");
        JsonInput self = this;
        string file = _file, owner = Key;
        return Value.EnumerateObject().Select(member =>
        {
            string name = self.NameOf(member);
            return (name, new JsonInput(file, owner, name, -1, member.Value));
        });
    }

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonInput> Elements()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Expected("a list");
        string file = _file, owner = Key;
        return Value.EnumerateArray().Select((element, index) => new JsonInput(file, owner, null, index, element));
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
            throw NotUnicode(e);
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

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw NotUnicode(e);
        }
    }

    private InputException NotUnicode(Exception inner) =>
        new($"{_file}: key `{Key}` holds text that is not Unicode (half a surrogate pair, or broken UTF-8)", "download it again", inner: inner);

    private InputException Expected(string kind) => Complaint(IsNull ? $"is missing; {kind} belongs there" : $"is not {kind}");
}
