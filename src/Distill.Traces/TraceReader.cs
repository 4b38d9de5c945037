using Distill.Prompts;
using Distill.Runs;

namespace Distill.Traces;

/// <summary>Reads trace files, one row group in memory at a time.</summary>
public static class TraceReader
{
    // Older files and files of other tools may lack these; everything else is needed.
    private static readonly HashSet<string> Optional =
    [
        TraceSchema.MessageReasoning, TraceSchema.ReferenceReasoning, TraceSchema.Source, TraceSchema.Checks, TraceSchema.Temperature, TraceSchema.TopP,
        TraceSchema.TopK, TraceSchema.MaxTokens, TraceSchema.Seed, TraceSchema.ReasoningUnclosed, TraceSchema.PromptTokens,
        TraceSchema.ExtractedAnswer, TraceSchema.JudgeVerdict, TraceSchema.JudgeReason, TraceSchema.JudgeAnswer, TraceSchema.Judge, TraceSchema.Seconds,
        TraceSchema.EndState, TraceSchema.Endpoint, TraceSchema.ServedModel, TraceSchema.Fingerprint, TraceSchema.Attempts,
        TraceSchema.FirstTextSeconds, TraceSchema.CachedTokens,
    ];

    /// <summary>
    /// Reads every trace of a file, or of a folder's Parquet files in ordinal order of their names. A stage folder is read
    /// by its <c>traces</c> or <c>dataset</c> folder.
    /// </summary>
    /// <exception cref="InputException">
    /// Nothing is there, a column is missing, a value is not one of those allowed, or a file is damaged.
    /// </exception>
    public static IEnumerable<Trace> Read(string pathOrFolder)
    {
        foreach (string file in FilesOf(pathOrFolder))
            foreach (Trace trace in ReadFile(file))
                yield return trace;
    }

    /// <summary>Number of traces, from the files' footers alone.</summary>
    /// <exception cref="InputException">Nothing is there, or a file is damaged.</exception>
    public static long Count(string pathOrFolder)
    {
        long rows = 0;
        foreach (string file in FilesOf(pathOrFolder))
        {
            using ParquetTable table = ParquetTable.Open(file);
            rows += table.RowCount;
        }
        return rows;
    }

    /// <summary>The files that <see cref="Read"/> reads, in order.</summary>
    /// <exception cref="InputException">Nothing is there.</exception>
    public static IReadOnlyList<string> FilesOf(string pathOrFolder)
    {
        if (File.Exists(pathOrFolder)) return [pathOrFolder];
        if (!Directory.Exists(pathOrFolder)) throw new InputException($"{pathOrFolder}: no such file or folder", "name a Parquet file of traces, or a folder of them");
        foreach (string folder in new[] { Path.Combine(pathOrFolder, "traces"), Path.Combine(pathOrFolder, "dataset"), pathOrFolder })
        {
            if (!Directory.Exists(folder)) continue;
            string[] files = Directory.GetFiles(folder, "*.parquet");
            Array.Sort(files, StringComparer.Ordinal);
            if (files.Length > 0) return files;
        }
        throw new InputException($"{pathOrFolder}: holds no *.parquet file", "name a Parquet file of traces, or a folder of them");
    }

    /// <summary>Whether a file is a trace file, told by its columns.</summary>
    /// <exception cref="InputException">It is a damaged Parquet file.</exception>
    public static bool IsTraceFile(string path)
    {
        if (!path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)) return false;
        using ParquetTable table = ParquetTable.Open(path);
        return Missing(table).Length == 0;
    }

    /// <summary>The row groups of a trace file, in order. Each can be read on any thread, several side by side.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rawText">Whether the raw text and the log-probabilities are wanted; left out, they are empty.</param>
    /// <exception cref="InputException">A column is missing, a value is not one of those allowed, or the file is damaged.</exception>
    public static IReadOnlyList<Func<IReadOnlyList<Trace>>> RowGroups(string path, bool rawText = true)
    {
        using ParquetTable table = ParquetTable.Open(path);
        Check(table);
        return [.. Enumerable.Range(0, table.RowGroupCount).Select(rowGroup => (Func<IReadOnlyList<Trace>>)(() => ReadRowGroup(rowGroup)))];

        Trace[] ReadRowGroup(int rowGroup)
        {
            using ParquetTable own = ParquetTable.Open(path); // a table serves one thread
            var rows = new TraceRowGroup(own, rowGroup, rawText);
            return [.. Enumerable.Range(0, rows.Count).Select(rows.TraceAt)];
        }
    }

    private static IEnumerable<Trace> ReadFile(string path)
    {
        using ParquetTable table = ParquetTable.Open(path);
        Check(table);
        for (int rowGroup = 0; rowGroup < table.RowGroupCount; rowGroup++)
        {
            var rows = new TraceRowGroup(table, rowGroup);
            for (int row = 0; row < rows.Count; row++) yield return rows.TraceAt(row);
        }
    }

    private static string[] Missing(ParquetTable table) => [.. TraceSchema.Columns.Where(column => !Optional.Contains(column) && !table.Has(column))];

    internal static void Check(ParquetTable table)
    {
        if (Missing(table) is not { Length: > 0 } missing) return;
        throw new InputException($"{table.Path}: not a trace file: missing {Names(missing)}; found {Names(table.Columns)}",
            "traces are written by `distill teacher-gen`; other data sets are read as prompts");
    }

    private static string Names(IEnumerable<string> columns) => string.Join(", ", columns.Select(column => $"`{column}`"));
}
