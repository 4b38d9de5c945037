using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>
/// <c>curate</c>: reads traces twice, once to decide the fate of each and once to write those that are kept, in the order in
/// which they came. Nothing but row numbers is held in between.
/// </summary>
public static class TraceCuration
{
    /// <summary>Folder of the training set within the stage's folder.</summary>
    public const string DatasetFolder = "dataset";

    private const int MostRowsPerPart = 50_000;
    private const long MostCharactersPerPart = 64 << 20;
    private const int RowsPerReading = 512;

    /// <summary>Runs the stage. Same traces and options, same bytes.</summary>
    /// <exception cref="InputException">The traces cannot be read, or none is left.</exception>
    public static async Task<CurateResult> RunAsync(CurateOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        Check(options);
        return await Task.Run(() => Curate(options, progress, cancellation), cancellation);
    }

    private static CurateResult Curate(CurateOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        long total = TraceReader.Count(options.Traces);
        var filters = new TraceFilters(options);
        foreach (Trace trace in Read("curate", options, total, progress, cancellation)) filters.Add(trace);
        filters.SelectPerPrompt();

        var counter = new FilterFunnel.Counter();
        var examples = new TraceExample.Collector();
        AtomicFile.WriteFolder(Path.Combine(options.Out, DatasetFolder), folder =>
        {
            int row = 0, part = 0;
            long characters = 0;
            var kept = new List<Trace>();
            foreach (Trace trace in Read("curate (writing)", options, total, progress, cancellation))
            {
                Fate fate = filters.Fates[row++];
                counter.Add(trace, fate);
                examples.Add(trace, fate);
                if (fate != Fate.Kept) continue;
                kept.Add(options.DropReasoning ? WithoutReasoning(trace) : trace);
                characters += trace.Completion.RawText.Length;
                if (kept.Count >= MostRowsPerPart || characters >= MostCharactersPerPart) Flush();
            }
            if (kept.Count > 0 || part == 0) Flush();

            void Flush()
            {
                TraceWriter.WritePart(Path.Combine(folder, TraceWriter.PartName(part++)), kept);
                kept.Clear();
                characters = 0;
            }
        });
        FilterFunnel funnel = counter.ToFunnel();
        funnel.Save(options.Out);
        examples.Save(options.Out);
        return funnel.RowsOut > 0 ? ResultOf(funnel) : throw NothingLeft(options, funnel);
    }

    private static IEnumerable<Trace> Read(string stage, CurateOptions options, long total, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        long row = 0;
        foreach (Trace trace in TraceReader.Read(options.Traces))
        {
            if (row++ % RowsPerReading == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                progress.Report(new ProgressEvent(stage, row - 1, total, "rows"));
            }
            yield return trace;
        }
        progress.Report(new ProgressEvent(stage, row, total, "rows"));
    }

    private static Trace WithoutReasoning(Trace trace) => trace with
    {
        Completion = trace.Completion with { RawText = trace.Completion.Answer, Reasoning = "", ReasoningUnclosed = false },
    };

    private static CurateResult ResultOf(FilterFunnel funnel) => new(funnel.RowsIn, funnel.RowsOut, funnel.PromptsOut, funnel.TokensOut,
        funnel.Steps.Where(step => step.Dropped > 0).ToDictionary(step => step.Reason, step => step.Dropped));

    private static InputException NothingLeft(CurateOptions options, FilterFunnel funnel)
    {
        string reasons = string.Join(", ", funnel.Steps.Where(step => step.Dropped > 0).Select(step => $"{step.Dropped} {step.Reason}"));
        return new InputException($"{options.Traces}: no trace is left to learn from{(reasons.Length > 0 ? $" ({reasons})" : ": there are none")}",
            $"look at {Path.Combine(options.Out, TraceExample.FileName)}, then loosen the filters or generate more traces");
    }

    private static void Check(CurateOptions options)
    {
        if (options.MaxPerPrompt < 0) throw new InputException("`max_per_prompt` is negative", "give a number of traces, or 0 for all");
        if (options.MaxTokens < 0) throw new InputException("`max_tokens` is negative", "give a number of tokens, or 0 for no limit");
        if (options.Verdicts.Count == 0) throw new InputException("`verdicts` is empty", "name the verdicts to keep, e.g. correct");
        string dataset = Path.GetFullPath(Path.Combine(options.Out, DatasetFolder));
        if (TraceReader.FilesOf(options.Traces).Any(file => Path.GetDirectoryName(Path.GetFullPath(file)) == dataset))
            throw new InputException($"{options.Traces}: would be overwritten by its own training set", "choose another output folder");
    }
}
