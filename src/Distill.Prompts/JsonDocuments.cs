using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>A JSON document that is an array of rows, or an object with such an array under <c>data</c>, <c>examples</c> or <c>rows</c>.</summary>
internal static class JsonDocuments
{
    private const long LargestDocument = 256 << 20;
    private static readonly string[] RowKeys = ["data", "examples", "rows"];

    /// <summary>The rows, counted from 1 in messages.</summary>
    /// <exception cref="InputException">It is not such a document.</exception>
    public static IEnumerable<DatasetRow> Rows(string path)
    {
        int number = 0;
        foreach (JsonElement row in Elements(path)) yield return new JsonRow($"{path}: row {++number}", row);
    }

    private static IEnumerable<JsonElement> Elements(string path)
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
        foreach (JsonElement row in root.EnumerateArray()) yield return row;
    }

    /// <summary>The rows as JSON lines, with their numbers from 1.</summary>
    /// <inheritdoc cref="Rows" path="/exception"/>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Utf8)> Lines(string path)
    {
        var line = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        long number = 0;
        foreach (JsonElement row in Elements(path))
        {
            line.ResetWrittenCount();
            writer.Reset();
            try
            {
                row.WriteTo(writer);
                writer.Flush();
            }
            catch (InvalidOperationException) // not Unicode, which is said where the row is read
            {
                writer.Reset();
                line.ResetWrittenCount();
                byte[] raw = JsonMarshal.GetRawUtf8Value(row).ToArray();
                foreach (byte end in "\r\n"u8) raw.AsSpan().Replace(end, (byte)' '); // texts hold no line ends as they are
                line.Write(raw);
            }
            yield return (++number, line.WrittenMemory);
        }
    }

    /// <summary>Parses, with an error that says where.</summary>
    /// <exception cref="InputException">The text is not JSON.</exception>
    public static JsonDocument Parse(string where, Func<JsonDocument> parse)
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

    /// <summary>What to say of a <c>\ud800</c> escape without its other half, which the library only finds when the text is asked for.</summary>
    public static InputException NotUnicode(string where, Exception e) =>
        new($"{where}: holds text that is not valid Unicode", "remove the broken character", inner: e);
}
