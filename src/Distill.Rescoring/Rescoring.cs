using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Prompts;
using Distill.Runs;
using Distill.Traces;
using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>
/// <c>distill verify</c>: judges the completions of a data set again, in parallel, and writes the same rows with their verdicts. Verdicts are
/// kept in a journal beside the output until it is written, so a run that was stopped goes on.
/// </summary>
public sealed class Rescoring
{
    private readonly VerifyOptions _options;
    private readonly IVerifier _verifier;
    private readonly ICompletionSource? _judge;
    private readonly VerdictTally _tally, _judgeTally;
    private long _rows, _completions, _skipped;
    private string? _firstProblem;

    private Rescoring(VerifyOptions options, ICompletionSource? judge)
    {
        _options = options;
        _verifier = Verifiers.Create(options.Verifier);
        _judge = judge;
        (_tally, _judgeTally) = (new VerdictTally(options.Examples), new VerdictTally(options.Examples));
    }

    private int Threads => _options.Threads ?? Environment.ProcessorCount;

    /// <summary>Judges a file.</summary>
    /// <exception cref="InputException">The input cannot be read, a row lacks something, or the output cannot be written.</exception>
    public static async Task<VerifyResult> RunAsync(VerifyOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        Check(options);
        await using ICompletionSource? judge = OpenJudge(options);
        var run = new Rescoring(options, judge);
        var source = new RowSource(options.Input, options);
        string? temporary = options.Out is null ? Directory.CreateTempSubdirectory("distill-verify-").FullName : null;
        string journalPath = temporary is null ? Path.GetFullPath(options.Out!) + ".verdicts" : Path.Combine(temporary, "verdicts");
        try
        {
            using (VerdictJournal journal = VerdictJournal.Open(journalPath, run.SettingsOf(options.Input)))
            {
                await run.JudgeAsync(source, journal, progress, cancellation);
                if (judge is not null) await run.AskJudgeAsync(source, journal, progress, cancellation);
                if (options.Out is { } path) run.Write(source, journal, path, progress, cancellation);
            }
            File.Delete(journalPath);
        }
        finally
        {
            if (temporary is not null) Directory.Delete(temporary, recursive: true);
        }
        return run.Result();
    }

    /// <summary>Judges JSON lines from a stream and writes each with its verdict as soon as those before it are written.</summary>
    /// <exception cref="InputException">A line lacks something.</exception>
    public static async Task<VerifyResult> RunAsync(VerifyOptions options, Stream input, Stream output, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (options.Judge is not null) throw new InputException("--judge needs a file as input", "write the lines to a file, and name it");
        var run = new Rescoring(options, null);
        var file = new ScoredFile(VerdictColumns.For(false, options.ColumnPrefix, judged: false));
        var pieces = new RowSource("", options).Pieces("-", JsonLines.Read("-", input));
        await foreach ((IReadOnlyList<RowToJudge> rows, JudgedRow[] judged) in PieceQueue.RunAsync(pieces, run.JudgePiece, run.Threads, cancellation))
        {
            run.Count(rows, judged);
            for (int i = 0; i < judged.Length; i++) file.WriteLine(output, rows[i].Line, judged[i], []);
            await output.FlushAsync(cancellation);
            progress.Report(new ProgressEvent("verify", run._rows, 0, "rows"));
        }
        return run.Result();
    }

    private async Task JudgeAsync(RowSource source, VerdictJournal journal, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        int done = journal.Pieces, next = 0;
        var pieces = source.Pieces().Select((piece, index) => (piece, index));
        await foreach ((IReadOnlyList<RowToJudge> rows, JudgedRow[] judged) in PieceQueue.RunAsync(pieces,
            item => item.index < done ? (item.piece(), journal.ReadPiece(item.index)) : JudgePiece(item.piece), Threads, cancellation))
        {
            if (next++ >= done) journal.AddPiece(judged);
            Count(rows, judged);
            progress.Report(new ProgressEvent("verify", _rows, source.Count, "rows", $"{_completions:N0} completions"));
        }
    }

    private (IReadOnlyList<RowToJudge> Rows, JudgedRow[] Judged) JudgePiece(Func<IReadOnlyList<RowToJudge>> piece)
    {
        IReadOnlyList<RowToJudge> rows = piece();
        return (rows, [.. rows.Select(row => new JudgedRow([.. row.Traces.Select(trace => _verifier.Verify(trace.Prompt, trace.Completion))], row.IsList, row.Problem, row.LeftOut))]);
    }

    private void Count(IReadOnlyList<RowToJudge> rows, JudgedRow[] judged)
    {
        for (int i = 0; i < judged.Length; i++)
        {
            _rows++;
            if (judged[i].Problem is { } problem)
            {
                _skipped++;
                _firstProblem ??= problem;
            }
            for (int c = 0; c < judged[i].Verdicts.Count; c++)
            {
                _completions++;
                _tally.Add(judged[i].Verdicts[c], rows[i].Traces[c]);
            }
        }
    }

    private async Task AskJudgeAsync(RowSource source, VerdictJournal journal, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        foreach (Verdict verdict in journal.JudgeVerdicts.Values) _judgeTally.Add(verdict, null);
        long asked = journal.JudgeVerdicts.Count, total = _tally.Reasons.Where(reason => reason.Outcome == Outcome.Unverifiable).Sum(reason => reason.Count);
        var open = new Dictionary<string, (long Row, int Completion, Trace Trace)>();
        await foreach (CompletedRequest reply in _judge!.CompleteAsync(Requests(source, journal, open), cancellation))
        {
            (long Row, int Completion, Trace Trace) place;
            lock (open) open.Remove(reply.Request.Id, out place);
            Verdict verdict = AnswerJudge.Read(reply, _options.JudgeModel!);
            journal.AddJudged(place.Row, place.Completion, verdict);
            _judgeTally.Add(verdict, place.Trace);
            progress.Report(new ProgressEvent("judge", ++asked, total, "completions"));
        }
    }

    private IEnumerable<CompletionRequest> Requests(RowSource source, VerdictJournal journal, Dictionary<string, (long Row, int Completion, Trace Trace)> open)
    {
        HashSet<(long, int)> known = [.. journal.JudgeVerdicts.Keys];
        long row = -1;
        foreach ((RowToJudge given, JudgedRow judged) in Zip(source, journal))
        {
            row++;
            for (int c = 0; c < judged.Verdicts.Count; c++)
            {
                if (known.Contains((row, c)) || !AnswerJudge.CanJudge(given.Traces[c], judged.Verdicts[c])) continue;
                string id = $"{row}/{c}";
                lock (open) open.Add(id, (row, c, given.Traces[c]));
                yield return AnswerJudge.Request(id, given.Traces[c], _options.JudgeMaxTokens);
            }
        }
    }

    private static IEnumerable<(RowToJudge Given, JudgedRow Judged)> Zip(RowSource source, VerdictJournal journal) =>
        source.Pieces().SelectMany((piece, index) => piece().Zip(journal.ReadPiece(index)));

    private void Write(RowSource source, VerdictJournal journal, string path, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        VerdictColumns columns = VerdictColumns.For(source.IsTraceFile, _options.ColumnPrefix, _judge is not null);
        var file = new ScoredFile(columns);
        long written = 0;
        if (source.IsParquet)
        {
            using IEnumerator<(JudgedRow, Verdict?[])> rows = Judged().GetEnumerator();
            file.WriteParquet(_options.Input, path, rows);
            return;
        }
        file.WriteLines(path, JsonLines.ReadRows(_options.Input).Zip(Judged(), (line, judged) => (line.Utf8, judged.Row, judged.Judge)));

        IEnumerable<(JudgedRow Row, Verdict?[] Judge)> Judged()
        {
            for (int piece = 0; piece < journal.Pieces; piece++)
            {
                cancellation.ThrowIfCancellationRequested();
                foreach (JudgedRow row in journal.ReadPiece(piece))
                {
                    yield return (row, [.. row.Verdicts.Select((_, c) => journal.JudgeVerdicts.GetValueOrDefault((written, c)))]);
                    written++;
                }
                progress.Report(new ProgressEvent("write", written, _rows, "rows"));
            }
            while (true) yield return (new JudgedRow([], false), []); // rows behind --limit
        }
    }

    private VerifyResult Result() => new()
    {
        Rows = _rows,
        Completions = _completions,
        Skipped = _skipped,
        FirstProblem = _firstProblem,
        Reasons = _tally.Reasons,
        JudgeReasons = _judgeTally.Reasons,
    };

    // Whatever could change a verdict or a row's place.
    private string SettingsOf(string input) => Fingerprint.OfTexts(
        Fingerprint.OfFile(input), _verifier.Id, _options.GoldColumn ?? "", _options.CompletionColumn ?? "", _options.PromptColumn ?? "", _options.OnBadRow.ToString(),
        $"{_options.Limit}", _options.Judge is null ? "" : $"{_options.JudgeModel} {_options.JudgeMaxTokens}", ToolVersion.Current);

    private static EndpointFleet? OpenJudge(VerifyOptions options)
    {
        if (options.Judge is null) return null;
        if (string.IsNullOrWhiteSpace(options.JudgeModel)) throw new InputException("--judge needs the name of a model", "add --judge-model NAME as the server knows it");
        return new EndpointFleet(new FleetOptions
        {
            Endpoints = [EndpointOptions.Parse(options.Judge)],
            Model = options.JudgeModel,
            Key = ApiKey.Find(null),
            Concurrency = options.JudgeConcurrency,
        });
    }

    private static void Check(VerifyOptions options)
    {
        options.Check();
        if (Directory.Exists(options.Input)) throw new InputException($"{options.Input}: is a folder", "name one of its files: each is judged by itself");
        if (!File.Exists(options.Input)) throw new InputException($"{options.Input}: no such file", "check the path, or give - for standard input");
        bool known = new[] { ".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".json" }.Any(extension => options.Input.EndsWith(extension, StringComparison.OrdinalIgnoreCase));
        if (!known) throw new InputException($"{options.Input}: not a format that is understood", "rows are read from .jsonl, .jsonl.gz, .jsonl.zst, .json and .parquet");
        if (options.Out is not { } path) return;
        if (Directory.Exists(path)) throw AtomicFile.IsAFolder(path);
        if (Path.GetFullPath(path) == Path.GetFullPath(options.Input)) throw new InputException("--out is the input itself", "name another file");
        bool parquet = options.Input.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        if (path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) != parquet || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            throw new InputException($"{path}: the output is Parquet where the input is, else JSON lines", $"name it *.{(parquet ? "parquet" : "jsonl")}");
    }
}
