using System.Globalization;
using Distill.Curation.Contamination;
using Distill.Curation.Filters;
using Distill.Curation.Resuming;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>The second reading: writes the training set, the fates and the examples.</summary>
internal sealed class Writing
{
    private readonly CurateOptions _options;
    private readonly TraceSources _sources;
    private readonly TracePreparation _preparation;
    private readonly Survey _survey;
    private readonly Decision _decision;
    private readonly RowFilters _filters;
    private readonly HashSet<int> _repeated;
    private readonly Dictionary<int, string> _idsOfRepeated = [];
    private readonly TraceExample.Collector _examples = new();
    private readonly CurationJournal _journal;
    private readonly string _dataset;

    // Pieces whose rows are all in parts that an earlier run wrote, and the first row that is in none.
    private readonly int _writtenPieces, _firstRow, _firstPart;

    public Writing(CurateOptions options, TraceSources sources, TracePreparation preparation, Survey survey, Decision decision, CurationJournal journal)
    {
        (_options, _sources, _preparation, _survey, _decision, _journal) = (options, sources, preparation, survey, decision, journal);
        _dataset = Path.Combine(options.Out, TraceCuration.DatasetFolder);
        _filters = new RowFilters(options.EffectiveFilters);
        _repeated = [.. decision.Originals.Where(row => row >= 0)];
        string begun = AtomicFile.PartialOf(_dataset);
        if (journal.Parts == 0 || !Enumerable.Range(0, journal.Parts).All(part => File.Exists(Path.Combine(begun, TraceWriter.PartName(part))))) return;
        (_firstPart, _firstRow) = (journal.Parts, journal.NextRow);
        _writtenPieces = Math.Min(journal.Pieces, survey.PieceEnds.Count(end => end <= _firstRow));
        foreach ((Fate fate, string promptId, TraceExample example) in journal.Examples) _examples.Add(fate, promptId, example);
    }

    /// <summary>Writes everything that is not there yet. The old result stays until the new one is whole.</summary>
    /// <exception cref="InputException">A source cannot be read again, or the disk is full.</exception>
    public void Write(IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        AtomicFile.WriteFolder(_dataset, keepPartial: true, write: folder =>
        {
            if (_firstPart == 0) Clear(folder);
            AtomicFile.Write(Path.Combine(_options.Out, FateFile.FileName), stream =>
            {
                var dataset = new TrainingSetFolder(folder, _options.RowsPerPart, _firstPart, _journal.AddPart);
                try
                {
                    using var fates = new FateFile(stream);
                    int row = 0;
                    foreach (IReadOnlyList<Row> rows in _sources.Read("curate (writing)", rawText: true, RowsOf, progress, cancellation))
                        foreach (Row read in rows) Add(read, row++, dataset, fates);
                    CheckSame(row);
                    fates.Finish();
                    dataset.Finish();
                }
                finally
                {
                    dataset.Abandon();
                }
            });
        });
        _examples.Save(_options.Out);
    }

    // Parts of a run that this one does not go on with.
    private static void Clear(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder)) File.Delete(file);
    }

    // Of what is in written parts only the names are needed.
    private IReadOnlyList<Row> RowsOf(TracePiece piece) => piece.Index < _writtenPieces
        ? Array.ConvertAll(_journal.Read(piece.Index), reading => new Row(reading.Id, reading.PromptId, null))
        : [.. piece.Read().Select(trace => new Row(trace.Id, trace.Prompt.Id, _preparation.Judge(trace)))];

    private void Add(Row read, int row, TrainingSetFolder dataset, FateFile fates)
    {
        CheckSame(row + 1, atLeast: true);
        Fate fate = _decision.Fates[row];
        TraceFacts facts = _survey.Traces[row];
        if (_repeated.Contains(row)) _idsOfRepeated[row] = read.Id;
        string? detail = Detail(row, fate, facts);
        fates.Add(new FateRow(read.Id, read.PromptId, _sources.Names[facts.Source], fate, detail, facts.Tokens));
        if (read.Trace is not { } trace) return;
        if (_examples.Add(trace, fate, () => detail ?? _filters.Explain(trace, fate)) is { } example) _journal.AddExample(fate, read.PromptId, example);
        if (fate != Fate.Kept || row < _firstRow) return;
        Trace counted = trace with { Completion = trace.Completion with { PromptTokens = facts.PromptTokens, CompletionTokens = facts.Tokens } };
        dataset.Add(_options.DropReasoning ? WithoutReasoning(counted) : counted, row);
    }

    private string? Detail(int row, Fate fate, TraceFacts facts) => fate switch
    {
        Fate.Duplicate => $"same as {_idsOfRepeated[_decision.Originals[row]]}",
        Fate.NearDuplicate => string.Create(CultureInfo.InvariantCulture,
            $"prompt like that of {_idsOfRepeated[_decision.Originals[row]]} (similarity {_survey.NearDuplicates.Similarity(facts.Prompt, _survey.Traces[_decision.Originals[row]].Prompt):0.00})"),
        Fate.TooShort or Fate.TooLong => $"{facts.Tokens} tokens",
        _ => _survey.Contaminated.TryGetValue(facts.Prompt, out ContaminationMatch? match)
            ? string.Create(CultureInfo.InvariantCulture, $"{match.Item.Name} {match.Rule} {match.Overlap:0.00}: {match.Span}") : null,
    };

    private void CheckSame(int rows, bool atLeast = false)
    {
        if (atLeast ? rows > _survey.Traces.Count : rows != _survey.Traces.Count)
            throw new InputException($"{string.Join(", ", _sources.Paths)}: changed while being read", "run the same command again when nothing writes to it any more");
    }

    private static Trace WithoutReasoning(Trace trace) => trace with
    {
        Completion = trace.Completion with { RawText = trace.Completion.Answer, Reasoning = "", ReasoningUnclosed = false, TopLogProbabilities = null },
    };

    /// <summary>A row of the second reading; without its trace when that is written already.</summary>
    private readonly record struct Row(string Id, string PromptId, Trace? Trace);
}
