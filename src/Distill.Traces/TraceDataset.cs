using Distill.Prompts;
using Distill.Runs;

namespace Distill.Traces;

/// <summary>
/// Traces from a data set of any common shape: our own trace files, or public sets of completions (OpenR1-Math's generations,
/// OpenThoughts, messages, ShareGPT, Alpaca and prompt/completion columns) in Parquet and JSON.
/// </summary>
public static class TraceDataset
{
    /// <summary>The files of a file or folder, in order; a stage folder is read by its <c>traces</c> or <c>dataset</c> folder.</summary>
    /// <exception cref="InputException">Nothing readable is there.</exception>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        foreach (string folder in new[] { "traces", "dataset" }.Select(name => Path.Combine(path, name)))
            if (!File.Exists(path) && Directory.Exists(folder)) return DatasetReader.FilesOf(folder);
        return DatasetReader.FilesOf(path);
    }

    /// <summary>
    /// The traces in pieces small enough to be held in memory, in order. Each piece can be read on any thread, pieces side by side.
    /// </summary>
    /// <param name="path">File or folder.</param>
    /// <param name="columns">Which columns of a set that is not our own hold what.</param>
    /// <param name="rawText">
    /// Whether raw text and log-probabilities of our own traces are wanted, which are as long as everything else together and longer; left out, they are empty.
    /// </param>
    /// <exception cref="InputException">
    /// A file is missing or damaged, or a row holds no prompt or no completion. Thrown when the piece is asked for or read.
    /// </exception>
    public static IEnumerable<Func<IReadOnlyList<Trace>>> Chunks(string path, ColumnMap? columns = null, bool rawText = true)
    {
        foreach (string file in FilesOf(path))
        {
            if (TraceReader.IsTraceFile(file))
            {
                foreach (Func<IReadOnlyList<Trace>> rowGroup in TraceReader.RowGroups(file, rawText)) yield return rowGroup;
                continue;
            }
            var import = new TraceImport(PromptReader.SourceOf(file), columns ?? ColumnMap.Automatic);
            foreach (Func<IEnumerable<DatasetRow>> rows in DatasetReader.Chunks(file))
                yield return () => [.. rows().SelectMany(import.TracesOf)];
        }
    }

    /// <summary>The traces one at a time, in order.</summary>
    /// <inheritdoc cref="Chunks"/>
    public static IEnumerable<Trace> Read(string path, ColumnMap? columns = null) => Chunks(path, columns).SelectMany(chunk => chunk());

    /// <summary>Whether a Parquet file holds our own traces.</summary>
    /// <exception cref="InputException">The file is missing or damaged.</exception>
    public static bool IsTraceFile(string path) => TraceReader.IsTraceFile(path);

    /// <summary>The completions of one row with what they are judged by; the row need not hold a prompt.</summary>
    /// <param name="row">The row.</param>
    /// <param name="source">Source of rows that name none.</param>
    /// <param name="columns">Which columns hold what.</param>
    /// <param name="isList">Whether the row holds a list of completions.</param>
    /// <exception cref="InputException">The row holds no completion.</exception>
    public static IReadOnlyList<Trace> TracesOf(DatasetRow row, string source, ColumnMap columns, out bool isList) =>
        new TraceImport(source, columns).PairsOf(row, out isList);

    /// <summary>Number of rows, from the footers of Parquet files; null where a file would have to be read for it.</summary>
    /// <exception cref="InputException">Nothing readable is there, or a file is damaged.</exception>
    public static long? CountRows(string path)
    {
        long rows = 0;
        foreach (string file in FilesOf(path))
        {
            if (!file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)) return null;
            using ParquetTable table = ParquetTable.Open(file);
            rows += table.RowCount;
        }
        return rows;
    }
}
