using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>What is curated: the traces, and behind them the general data.</summary>
internal sealed class TraceSources
{
    private readonly CurateOptions _options;

    /// <param name="options">The options.</param>
    /// <exception cref="InputException">A source cannot be found.</exception>
    public TraceSources(CurateOptions options)
    {
        _options = options;
        Paths = [.. options.Traces, .. options.General];
        string[] names = [.. Paths.Select(Short)];
        Names = [.. Paths.Select((path, source) => names.Count(name => name == names[source]) == 1 ? names[source] : path)];
        long?[] rows = [.. Paths.Select(TraceDataset.CountRows)];
        TotalRows = rows.Contains(null) ? 0 : rows.Sum() ?? 0;
    }

    /// <summary>Every source.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>How files name the sources: by the last two parts of their paths where these differ, so that a result does not depend on where it was made.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Rows of all sources' files, 0 when not known without reading them.</summary>
    public long TotalRows { get; }

    /// <summary>Whether a source is general data, of which no verdict is asked.</summary>
    public bool IsGeneral(int source) => source >= _options.Traces.Count;

    /// <summary>Reads everything in order, pieces side by side on all cores, a few pieces in memory at a time.</summary>
    /// <param name="stage">Name of the pass, for progress.</param>
    /// <param name="rawText">Whether the work looks at raw texts.</param>
    /// <param name="work">Looks at one piece; run on any thread.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    /// <exception cref="InputException">A source cannot be read.</exception>
    public IEnumerable<IReadOnlyList<T>> Read<T>(string stage, bool rawText, Func<TracePiece, IReadOnlyList<T>> work, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var running = new Queue<Task<IReadOnlyList<T>>>();
        long row = 0;
        try
        {
            foreach (TracePiece piece in Pieces(rawText))
            {
                cancellation.ThrowIfCancellationRequested();
                if (running.Count > Environment.ProcessorCount) yield return Next();
                running.Enqueue(Task.Run(() => work(piece), cancellation));
            }
            while (running.Count > 0) yield return Next();
        }
        finally
        {
            foreach (Task<IReadOnlyList<T>> task in running) ((IAsyncResult)task).AsyncWaitHandle.WaitOne(); // files are closed before anyone removes them
        }

        IReadOnlyList<T> Next()
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyList<T> result = running.Dequeue().GetAwaiter().GetResult();
            row += result.Count;
            progress.Report(new ProgressEvent(stage, row, Math.Max(TotalRows, TotalRows == 0 ? 0 : row), "rows"));
            return result;
        }
    }

    private static string Short(string path) => string.Join('/', Path.GetFullPath(path).Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).TakeLast(2));

    private IEnumerable<TracePiece> Pieces(bool rawText) => Paths.SelectMany(
        (path, source) => TraceDataset.Chunks(path, _options.Columns, rawText).Select(chunk => (source, chunk))).Select((piece, index) => new TracePiece(index, piece.source, piece.chunk));
}
