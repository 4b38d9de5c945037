using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Rescoring;

/// <summary>The rows of the input in pieces, always cut at the same places, so that a piece that was judged need not be judged again.</summary>
internal sealed class RowSource
{
    // Small enough that a killed run loses little even where each row is a program with many tests.
    private const int MostRowsPerPiece = 32, MostBytesPerPiece = 4 << 20;

    private readonly string _file;
    private readonly VerifyOptions _options;
    private readonly ColumnMap _columns;
    private readonly string _source;

    /// <param name="file">The file; empty for lines that come from elsewhere.</param>
    /// <param name="options">Columns, and what to do with bad rows.</param>
    public RowSource(string file, VerifyOptions options)
    {
        (_file, _options) = (file, options);
        _columns = new ColumnMap { Prompt = options.PromptColumn, Answer = options.GoldColumn, Completion = options.CompletionColumn };
        _source = file.Length > 0 ? PromptReader.SourceOf(file) : "stdin";
        IsParquet = file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        IsTraceFile = IsParquet && TraceDataset.IsTraceFile(file);
    }

    /// <summary>Whether the input is Parquet, and the output with it.</summary>
    public bool IsParquet { get; }

    /// <summary>Whether it is a file of our own traces, whose verdict columns are replaced.</summary>
    public bool IsTraceFile { get; }

    /// <summary>Rows in all, or 0 when they are not known beforehand.</summary>
    public long Count => !IsParquet ? 0 : Math.Min(TraceDataset.CountRows(_file) ?? 0, _options.Limit ?? long.MaxValue);

    /// <summary>The pieces, in order; each is made of the rows when it is asked for, on any thread.</summary>
    public IEnumerable<Func<IReadOnlyList<RowToJudge>>> Pieces() => IsParquet ? ParquetPieces() : Pieces(_file, JsonLines.ReadRows(_file));

    /// <summary>The pieces of lines.</summary>
    /// <param name="name">What stands before the line's number in messages.</param>
    /// <param name="lines">The lines, with their numbers; the bytes need be good until the next is asked for.</param>
    public IEnumerable<Func<IReadOnlyList<RowToJudge>>> Pieces(string name, IEnumerable<(long Number, ReadOnlyMemory<byte> Utf8)> lines)
    {
        var piece = new List<(long Number, byte[] Utf8)>();
        long bytes = 0, rows = 0;
        foreach ((long number, ReadOnlyMemory<byte> utf8) in lines)
        {
            if (rows++ >= (_options.Limit ?? long.MaxValue)) break;
            piece.Add((number, utf8.ToArray()));
            if ((bytes += utf8.Length) < MostBytesPerPiece && piece.Count < MostRowsPerPiece) continue;
            yield return Piece([.. piece]);
            piece.Clear();
            bytes = 0;
        }
        if (piece.Count > 0) yield return Piece([.. piece]);

        Func<IReadOnlyList<RowToJudge>> Piece((long Number, byte[] Utf8)[] lines) => () => Array.ConvertAll(lines, line => Parse($"{name}:{line.Number}", line.Utf8));
    }

    // A row group may be large and its columns can be read by one thread only: it is read here, and judged in smaller pieces.
    private IEnumerable<Func<IReadOnlyList<RowToJudge>>> ParquetPieces()
    {
        long left = _options.Limit ?? long.MaxValue;
        foreach (RowToJudge[] group in Groups())
        {
            RowToJudge[] rows = left < group.Length ? group[..(int)left] : group;
            foreach (RowToJudge[] piece in rows.Chunk(MostRowsPerPiece)) yield return () => piece;
            if ((left -= rows.Length) <= 0) yield break;
        }
    }

    private IEnumerable<RowToJudge[]> Groups() => IsTraceFile
        ? TraceDataset.Chunks(_file).Select(group => group().Select(trace => new RowToJudge([trace], false)).ToArray())
        : DatasetReader.Chunks(_file).Select(group => group().Select(row => Read(row, default)).ToArray());

    private RowToJudge Parse(string where, byte[] line)
    {
        DatasetRow row;
        try
        {
            row = DatasetRow.FromJson(where, line);
        }
        catch (InputException e) when (_options.OnBadRow == BadRow.Skip)
        {
            return new RowToJudge([], false, line, e.Message, LeftOut: true);
        }
        catch (InputException e)
        {
            throw Bad(e);
        }
        return Read(row, line);
    }

    private RowToJudge Read(DatasetRow row, byte[]? line)
    {
        try
        {
            RequireNamed(row);
            IReadOnlyList<Trace> traces = TraceDataset.TracesOf(row, _source, _columns, out bool isList);
            return new RowToJudge(traces, isList, line);
        }
        catch (InputException e) when (_options.OnBadRow == BadRow.Skip)
        {
            return new RowToJudge([], false, line, e.Message);
        }
        catch (InputException e)
        {
            throw Bad(e);
        }
    }

    // A misspelt name would make every row unverifiable without a word.
    private void RequireNamed(DatasetRow row)
    {
        foreach (string? column in (ReadOnlySpan<string?>)[_options.GoldColumn, _options.PromptColumn])
        {
            if (column is null || row.Has(column)) continue;
            throw new InputException($"{row.Where}: has nothing under `{column}`; found {string.Join(", ", row.Names.Select(name => $"`{name}`"))}", "name a column that the rows have");
        }
    }

    private static InputException Bad(InputException e) => new(e.Message, $"{e.Hint}; or go on without it: --on-bad-row skip", inner: e);
}
