using System.IO.Compression;
using Parquet;
using Parquet.Schema;

namespace Distill.Curation;

/// <summary>
/// <c>fates.parquet</c>: one row for every trace read, in order, with what became of it. Written row group by row group.
/// </summary>
internal sealed class FateFile : IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "fates.parquet";

    private const int RowsPerGroup = 1 << 15;

    private static readonly ParquetSchema Schema = new(
        Text("id"), Text("prompt_id"), Text("source"), Text("fate"), Text("reason", optional: true), Text("detail", optional: true), new DataField<int>("completion_tokens"));

    private readonly ParquetWriter _writer;
    private readonly List<FateRow> _rows = [];

    /// <param name="stream">Where to write.</param>
    public FateFile(Stream stream) => _writer = ParquetWriter.CreateAsync(Schema, stream,
        new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Optimal }).GetAwaiter().GetResult();

    /// <summary>Adds the next row.</summary>
    public void Add(FateRow row)
    {
        _rows.Add(row);
        if (_rows.Count == RowsPerGroup) WriteGroup();
    }

    /// <summary>Writes what is left, and the footer.</summary>
    public void Finish()
    {
        if (_rows.Count > 0) WriteGroup();
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void WriteGroup()
    {
        WriteGroupAsync([.. _rows]).GetAwaiter().GetResult();
        _rows.Clear();
    }

    private async Task WriteGroupAsync(FateRow[] rows)
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        int next = 0;
        await Column(row => row.Id);
        await Column(row => row.PromptId);
        await Column(row => row.Source);
        await Column(row => row.Fate == Fate.Kept ? "kept" : "dropped");
        await Column(row => row.Fate == Fate.Kept ? null : Fates.NameOf(row.Fate));
        await Column(row => row.Detail);
        await group.WriteAsync<int>(Schema.DataFields[next], Array.ConvertAll(rows, row => row.Tokens));

        Task Column(Func<FateRow, string?> value) => group.WriteAsync(Schema.DataFields[next++], Array.ConvertAll(rows, row => value(row)));
    }

    private static DataField Text(string name, bool optional = false) => new(name, typeof(string), isNullable: optional);
}

/// <summary>What became of a trace.</summary>
/// <param name="Id">The trace.</param>
/// <param name="PromptId">Its prompt.</param>
/// <param name="Source">Where it was read.</param>
/// <param name="Fate">Kept, or the reason why not.</param>
/// <param name="Detail">What was found: the trace it repeats, the problem it contains.</param>
/// <param name="Tokens">Tokens of the completion.</param>
internal readonly record struct FateRow(string Id, string PromptId, string Source, Fate Fate, string? Detail, int Tokens);
