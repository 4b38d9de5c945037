using System.Globalization;
using Distill.Curation.Contamination;
using Distill.Curation.Filters;
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

    public Writing(CurateOptions options, TraceSources sources, TracePreparation preparation, Survey survey, Decision decision)
    {
        (_options, _sources, _preparation, _survey, _decision) = (options, sources, preparation, survey, decision);
        _filters = new RowFilters(options.EffectiveFilters);
        _repeated = [.. decision.Originals.Where(row => row >= 0)];
    }

    /// <summary>Writes everything, or leaves the old result as it was.</summary>
    /// <exception cref="InputException">A source cannot be read again, or the disk is full.</exception>
    public void Write(IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var examples = new TraceExample.Collector();
        AtomicFile.WriteFolder(Path.Combine(_options.Out, TraceCuration.DatasetFolder), folder =>
            AtomicFile.Write(Path.Combine(_options.Out, FateFile.FileName), stream =>
            {
                var dataset = new TrainingSetFolder(folder);
                try
                {
                    using var fates = new FateFile(stream);
                    int row = 0;
                    foreach (IReadOnlyList<Trace> chunk in _sources.Read("curate (writing)", rawText: true, (_, traces) => Judged(traces), progress, cancellation))
                        foreach (Trace trace in chunk) Add(trace, row++, dataset, fates, examples);
                    CheckSame(row);
                    fates.Finish();
                    dataset.Finish();
                }
                finally
                {
                    dataset.Abandon();
                }
            }));
        examples.Save(_options.Out);
    }

    private IReadOnlyList<Trace> Judged(IReadOnlyList<Trace> traces) => [.. traces.Select(_preparation.Judge)];

    private void Add(Trace trace, int row, TrainingSetFolder dataset, FateFile fates, TraceExample.Collector examples)
    {
        CheckSame(row + 1, atLeast: true);
        Fate fate = _decision.Fates[row];
        TraceFacts facts = _survey.Traces[row];
        if (_repeated.Contains(row)) _idsOfRepeated[row] = trace.Id;
        string? detail = Detail(row, fate, facts);
        examples.Add(trace, fate, () => detail ?? _filters.Explain(trace, fate));
        fates.Add(new FateRow(trace.Id, trace.Prompt.Id, _sources.Names[facts.Source], fate, detail, facts.Tokens));
        if (fate != Fate.Kept) return;
        Trace counted = trace with { Completion = trace.Completion with { PromptTokens = facts.PromptTokens, CompletionTokens = facts.Tokens } };
        dataset.Add(_options.DropReasoning ? WithoutReasoning(counted) : counted);
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
}
