using System.Text.Json;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>
/// Reads the rows of a dataset from <c>.jsonl</c>, <c>.jsonl.gz</c>, <c>.jsonl.zst</c>, <c>.json</c> or <c>.parquet</c>, whatever its columns mean,
/// in pieces small enough to be held in memory.
/// </summary>
public static class DatasetReader
{
    private const int MostLinesPerChunk = 512;
    private const int MostBytesPerChunk = 8 << 20;

    /// <summary>
    /// The file itself, or all <c>.jsonl</c>, <c>.jsonl.gz</c>, <c>.jsonl.zst</c> and <c>.parquet</c> files of a folder in ordinal order of their names.
    /// </summary>
    /// <exception cref="InputException">Nothing readable is there.</exception>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        if (File.Exists(path))
        {
            return IsRows(path) || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? [path]
                : throw new InputException($"{path}: not a format that is understood", "prompts are read from .jsonl, .jsonl.gz, .jsonl.zst, .json and .parquet");
        }
        if (!Directory.Exists(path)) throw new InputException($"{path}: no such file or folder", "check the path");
        string[] files = [.. Directory.EnumerateFiles(path).Where(IsRows).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files
            : throw new InputException($"{path}: holds no .jsonl, .jsonl.gz, .jsonl.zst or .parquet file", "name a file of prompts, or a folder of them");
    }

    /// <summary>
    /// The rows of a file in pieces, in order. Each piece can be read on any thread, pieces side by side; the rows of a piece are good
    /// until the next one is asked for.
    /// </summary>
    /// <exception cref="InputException">The file is damaged; the message names the line or the column. Thrown when a piece is read.</exception>
    public static IEnumerable<Func<IEnumerable<DatasetRow>>> Chunks(string file) =>
        file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) ? ParquetChunks(file)
        : file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? [() => JsonDocuments.Rows(file)]
        : LineChunks(file);

    /// <summary>The rows of a file, one at a time; each is good until the next one is asked for.</summary>
    /// <inheritdoc cref="Chunks" path="/exception"/>
    public static IEnumerable<DatasetRow> Read(string file) => Chunks(file).SelectMany(chunk => chunk());

    /// <summary>The rows of an open Parquet file, one row group in memory at a time.</summary>
    internal static IEnumerable<DatasetRow> Rows(ParquetTable table)
    {
        long first = 1;
        for (int rowGroup = 0; rowGroup < table.RowGroupCount; first += table.RowsOf(rowGroup++))
            foreach (DatasetRow row in new ParquetRowGroup(table, rowGroup, first).Rows()) yield return row;
    }

    private static IEnumerable<Func<IEnumerable<DatasetRow>>> ParquetChunks(string file)
    {
        int[] rows;
        using (ParquetTable table = ParquetTable.Open(file)) rows = [.. Enumerable.Range(0, table.RowGroupCount).Select(table.RowsOf)];
        long first = 1;
        for (int rowGroup = 0; rowGroup < rows.Length; first += rows[rowGroup++])
        {
            (int group, long firstRow) = (rowGroup, first);
            yield return () => Group(group, firstRow);
        }

        IEnumerable<DatasetRow> Group(int group, long firstRow)
        {
            using ParquetTable table = ParquetTable.Open(file); // a table serves one thread
            foreach (DatasetRow row in new ParquetRowGroup(table, group, firstRow).Rows()) yield return row;
        }
    }

    private static IEnumerable<Func<IEnumerable<DatasetRow>>> LineChunks(string file)
    {
        var lines = new List<(long Number, byte[] Utf8)>();
        int bytes = 0;
        foreach ((long number, ReadOnlyMemory<byte> utf8) in JsonLines.Read(file))
        {
            lines.Add((number, utf8.ToArray()));
            if ((bytes += utf8.Length) < MostBytesPerChunk && lines.Count < MostLinesPerChunk) continue;
            yield return Chunk([.. lines]);
            lines.Clear();
            bytes = 0;
        }
        if (lines.Count > 0) yield return Chunk([.. lines]);

        Func<IEnumerable<DatasetRow>> Chunk((long Number, byte[] Utf8)[] chunk) => () => Parse(file, chunk);
    }

    private static IEnumerable<DatasetRow> Parse(string file, (long Number, byte[] Utf8)[] lines)
    {
        foreach ((long number, byte[] utf8) in lines)
        {
            string where = $"{file}:{number}";
            using JsonDocument document = JsonDocuments.Parse(where, () => JsonDocument.Parse(utf8));
            yield return new JsonRow(where, document.RootElement);
        }
    }

    private static bool IsRows(string path) => new[] { ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet" }
        .Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));
}
