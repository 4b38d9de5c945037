using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>Writes the rows of the input with their verdicts; whatever else a row holds stays as it is.</summary>
internal sealed class ScoredFile(VerdictColumns columns)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[][] _quotedNames = [.. columns.Names.Select(name => JsonSerializer.SerializeToUtf8Bytes(name, Json))];

    /// <summary>Writes JSON lines, compressed where the name ends in <c>.gz</c> or <c>.zst</c>.</summary>
    /// <exception cref="InputException">The disk is full, or a column of that name is there and not ours.</exception>
    public void WriteLines(string path, IEnumerable<(ReadOnlyMemory<byte> Line, JudgedRow Row, Verdict?[] Judge)> rows) => AtomicFile.Write(path, stream =>
    {
        if (JsonLines.Compressed(path, stream) is { } target)
        {
            using Stream compressed = target;
            foreach ((ReadOnlyMemory<byte> line, JudgedRow row, Verdict?[] judge) in rows) WriteLine(compressed, line, row, judge);
        }
        else
        {
            foreach ((ReadOnlyMemory<byte> line, JudgedRow row, Verdict?[] judge) in rows) WriteLine(stream, line, row, judge);
        }
    });

    /// <summary>Writes one line; nothing where there is no row.</summary>
    public void WriteLine(Stream target, ReadOnlyMemory<byte> line, JudgedRow row, Verdict?[] judge)
    {
        if (row.LeftOut) return;
        ReadOnlySpan<byte> bytes = line.Span.TrimEnd(" \t\r\n"u8);
        bool known = false;
        foreach (byte[] name in _quotedNames) known |= bytes.IndexOf(name) >= 0;
        if (known)
        {
            target.Write(Replaced(line, row, judge));
        }
        else
        {
            ReadOnlySpan<byte> head = bytes[..^1].TrimEnd(" \t"u8);
            target.Write(head);
            if (head.Length > 1) target.WriteByte((byte)',');
            target.Write(JsonSerializer.SerializeToUtf8Bytes(Columns(row, judge), Json).AsSpan(1));
        }
        target.WriteByte((byte)'\n');
    }

    /// <summary>Writes Parquet, row group by row group as the input has them.</summary>
    /// <exception cref="InputException">The disk is full, a column cannot be copied, or a column of that name is there and not ours.</exception>
    public void WriteParquet(string source, string path, IEnumerator<(JudgedRow Row, Verdict?[] Judge)> rows)
    {
        bool? isList = null;
        using (ParquetTable table = ParquetTable.Open(source))
            if (!table.Has(columns.Mark) && columns.Names.FirstOrDefault(table.Has) is { } taken) throw Taken(source, taken);
        AtomicFile.Write(path, stream => ParquetCopy.Write(source, stream, columns.Names, count =>
        {
            var values = new IReadOnlyList<string?>?[columns.Names.Count][];
            for (int c = 0; c < values.Length; c++) values[c] = new IReadOnlyList<string?>?[count];
            for (int r = 0; r < count && rows.MoveNext(); r++)
            {
                (JudgedRow row, Verdict?[] judge) = rows.Current;
                isList ??= row.IsList;
                IReadOnlyList<IReadOnlyList<string?>> cells = Cells(row, judge);
                for (int c = 0; c < values.Length; c++) values[c][r] = cells.Count == 0 ? null : [.. cells.Select(ofVerdict => ofVerdict[c])];
            }
            return (values, isList ?? false);
        }));
    }

    private static InputException Taken(string where, string name) =>
        new($"{where}: has a column `{name}` of its own", "choose another name for ours, e.g. --column-prefix distill_");

    private JsonObject Columns(JudgedRow row, Verdict?[] judge)
    {
        var added = new JsonObject();
        IReadOnlyList<IReadOnlyList<string?>> cells = Cells(row, judge);
        for (int c = 0; c < columns.Names.Count; c++)
        {
            added[columns.Names[c]] = row.IsList ? new JsonArray([.. cells.Select(values => JsonValue.Create(values[c]))])
                : cells.Count > 0 ? JsonValue.Create(cells[0][c]) : null;
        }
        return added;
    }

    private IReadOnlyList<IReadOnlyList<string?>> Cells(JudgedRow row, Verdict?[] judge) =>
        [.. row.Verdicts.Select((verdict, i) => columns.Values(verdict, i < judge.Length ? judge[i] : null))];

    // What is not ours is copied as it is written, also what no tree of nodes holds: a key that is there twice, half a surrogate pair.
    private ReadOnlySpan<byte> Replaced(ReadOnlyMemory<byte> line, JudgedRow row, Verdict?[] judge)
    {
        using JsonDocument whole = JsonDocument.Parse(line);
        if (!Has(columns.Mark) && columns.Names.FirstOrDefault(Has) is { } taken) throw Taken("a row", taken);
        JsonObject ours = Columns(row, judge);
        var replaced = new ArrayBufferWriter<byte>(line.Length);
        using var writer = new Utf8JsonWriter(replaced, new JsonWriterOptions { Encoder = Json.Encoder });
        writer.WriteStartObject();
        foreach (JsonProperty property in whole.RootElement.EnumerateObject())
        {
            if (ours.Remove(property.Name, out JsonNode? value))
            {
                Write(property.Name, value);
            }
            else if (!columns.Names.Contains(property.Name))
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(property.Value), skipInputValidation: true);
            }
        }
        foreach ((string name, JsonNode? value) in ours) Write(name, value);
        writer.WriteEndObject();
        writer.Flush();
        return replaced.WrittenSpan;

        bool Has(string name) => whole.RootElement.TryGetProperty(name, out _);

        void Write(string name, JsonNode? value)
        {
            writer.WritePropertyName(name);
            if (value is null) writer.WriteNullValue();
            else value.WriteTo(writer);
        }
    }
}
