using System.Globalization;
using Distill.Curation.Contamination;
using Distill.Curation.Duplicates;
using Distill.Curation.Filters;
using Distill.Curation.Resuming;
using Distill.Curation.Text;
using Distill.Runs;
using Distill.Traces;

namespace Distill.Curation;

/// <summary>The first reading: a few numbers for every trace and every prompt, on which all choices are made. No text is kept.</summary>
internal sealed class Survey
{
    private readonly List<TraceFacts> _traces = [];
    private readonly List<byte[]> _sketches = [];
    private readonly List<int> _pieceEnds = [];
    private readonly Dictionary<UInt128, int> _prompts = [];
    private readonly NearDuplicates _near;

    private Survey(double similarity) => _near = new NearDuplicates(similarity);

    /// <summary>Every trace, in order.</summary>
    public IReadOnlyList<TraceFacts> Traces => _traces;

    /// <summary>Rows up to the end of each piece.</summary>
    public IReadOnlyList<int> PieceEnds => _pieceEnds;

    /// <summary>Sketches of the completions, for a diverse choice; empty when none is wanted.</summary>
    public IReadOnlyList<byte[]> Sketches => _sketches;

    /// <summary>Different prompts.</summary>
    public int PromptCount => _prompts.Count;

    /// <summary>The problems of evaluation sets among the prompts, by index of the prompt.</summary>
    public Dictionary<int, ContaminationMatch> Contaminated { get; } = [];

    /// <summary>Prompts that share runs of words with a problem of an evaluation set, too few to be it.</summary>
    public int WeakMatches { get; private set; }

    /// <summary>The prompts that read nearly the same.</summary>
    public NearDuplicates NearDuplicates => _near;

    /// <summary>Reads everything once, but for what a journal holds.</summary>
    /// <param name="sources">What is read.</param>
    /// <param name="preparation">What is done to each trace first.</param>
    /// <param name="decontamination">The evaluation sets, or null.</param>
    /// <param name="options">The options.</param>
    /// <param name="journal">What an earlier run read, and where this one notes what it reads; or null.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    /// <exception cref="InputException">A source cannot be read.</exception>
    public static Survey Take(
        TraceSources sources, TracePreparation preparation, Decontamination? decontamination, CurateOptions options, CurationJournal? journal,
        IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        var survey = new Survey(options.NearDuplicateSimilarity);
        var filters = new RowFilters(options.EffectiveFilters);
        bool sign = options.Uses(CurationFilter.NearDuplicate), sketch = options is { Selection: SelectionPolicy.Diverse, MaxPerPrompt: > 0 };
        int known = journal?.Pieces ?? 0, next = 0;
        foreach (IReadOnlyList<Reading> readings in sources.Read("curate", rawText: false, ReadPiece, progress, cancellation))
        {
            bool[] isNew = [.. readings.Select(survey.Add)];
            survey._pieceEnds.Add(survey._traces.Count);
            if (next++ >= known) journal?.AddPiece(SurveyRecord.ToBytes(readings, isNew));
        }
        if (sign) survey._near.Group(band =>
        {
            cancellation.ThrowIfCancellationRequested();
            progress.Report(new ProgressEvent("curate (near duplicates)", band, MinHash.Bands, "bands"));
        });
        return survey;

        IReadOnlyList<Reading> ReadPiece(TracePiece piece)
        {
            if (piece.Index < known) return journal!.Read(piece.Index);
            IReadOnlyList<Trace> traces = piece.Read();
            var readings = new Reading[traces.Count];
            Problem? last = null;
            for (int i = 0; i < readings.Length; i++)
            {
                Trace trace = preparation.Count(preparation.Judge(traces[i]));
                UInt128 prompt = TraceFacts.PromptHash(trace);
                if (last is null || last.Hash != prompt) last = ProblemOf(trace, prompt); // samples of one prompt mostly stand together
                TraceFacts facts = FactsOf(trace, piece.Source, prompt);
                Fate reason = filters.FirstReason(trace);
                if (options.MinTokens > 0 && facts.Tokens < options.MinTokens && reason is Fate.Kept or > Fate.TooShort) reason = Fate.TooShort;
                if (options.MaxTokens > 0 && facts.Tokens > options.MaxTokens && reason is Fate.Kept or > Fate.TooLong) reason = Fate.TooLong;
                readings[i] = new Reading(trace.Id, trace.Prompt.Id, facts with { Reason = reason }, last, sketch ? DiverseChoice.Sketch(trace.Completion.Reasoning) : null);
            }
            return readings;
        }

        Problem ProblemOf(Trace trace, UInt128 hash)
        {
            if (!sign && decontamination is null) return new Problem(hash, null, 0, null, false);
            PromptText text = PromptText.Of(trace.Prompt);
            (ContaminationMatch? match, bool weak) = decontamination?.Find(text) ?? (null, false);
            return new Problem(hash, sign ? Signature.Of(text) : null, AnswerHash(trace.Prompt.ReferenceAnswer), match, weak);
        }
    }

    private static TraceFacts FactsOf(Trace trace, int source, UInt128 prompt) => new(
        Fate.Kept, trace.Verdict.Outcome, trace.JudgeVerdict?.Outcome, (byte)source, -1, trace.Completion.PromptTokens, trace.Completion.CompletionTokens,
        trace.Completion.Reasoning.Length + trace.Completion.Answer.Length,
        TraceFacts.HashOf(prompt.ToString("x", CultureInfo.InvariantCulture), trace.Completion.Reasoning, trace.Completion.Answer));

    // Whether its prompt is new.
    private bool Add(Reading reading)
    {
        bool isNew = !_prompts.TryGetValue(reading.Problem.Hash, out int prompt);
        if (isNew)
        {
            _prompts.Add(reading.Problem.Hash, prompt = _prompts.Count);
            if (reading.Problem.Signature is { } signature) _near.Add(signature, reading.Problem.Answer);
            if (reading.Problem.Match is { } match) Contaminated.Add(prompt, match);
            if (reading.Problem.Weak) WeakMatches++;
        }
        _traces.Add(reading.Facts with { Prompt = prompt });
        if (reading.Sketch is not null) _sketches.Add(reading.Sketch);
        return isNew;
    }

    private static ulong AnswerHash(string? answer) => string.IsNullOrWhiteSpace(answer) ? 0 : StableHash.Of(PromptText.Of(answer).Key is { Length: > 0 } key ? key : answer.Trim()) | 1;
}
