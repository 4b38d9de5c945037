using Distill.Curation.Duplicates;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>
/// Decides the fate of every trace from the survey alone, so that the same survey also tells what other policies would have kept. The order
/// is fixed: what a trace is by itself, its verdict, its problem, duplicates, how many of a prompt, how much of a source.
/// </summary>
internal sealed class Selection
{
    private readonly Survey _survey;
    private readonly TraceSources _sources;
    private readonly CurateOptions _options;
    private readonly Mixture _mixture;
    private readonly Fate[] _difficulty;

    public Selection(Survey survey, TraceSources sources, CurateOptions options)
    {
        (_survey, _sources, _options) = (survey, sources, options);
        _mixture = new Mixture(sources, options);
        _difficulty = Difficulty();
    }

    /// <summary>Decides with some verdict policies.</summary>
    public Decision Decide(IReadOnlyList<VerdictPolicy> policies)
    {
        bool asksJudge = policies.Any(policy => policy is VerdictPolicy.JudgeOrRule or VerdictPolicy.JudgeAndRule);
        var decision = new Decision(new Fate[_survey.Traces.Count], new int[_survey.Traces.Count]);
        Array.Fill(decision.Originals, -1);
        for (int row = 0; row < decision.Fates.Length; row++) decision.Fates[row] = OfTrace(_survey.Traces[row], policies, asksJudge);
        if (_options.Uses(CurationFilter.Duplicate)) DropDuplicates(decision);
        if (_options.Uses(CurationFilter.NearDuplicate)) DropNearDuplicates(decision);
        if (_options.MaxPerPrompt > 0) DropSurplus(decision.Fates);
        _mixture.Apply(_survey, decision.Fates);
        return decision;
    }

    private Fate OfTrace(TraceFacts trace, IReadOnlyList<VerdictPolicy> policies, bool asksJudge)
    {
        bool general = _sources.IsGeneral(trace.Source);
        if (Fates.IsBeforeVerdict(trace.Reason)) return trace.Reason;
        if (!general && !policies.Any(policy => policy.Keeps(trace.Rule, trace.Judge))) return Fates.OfUnwanted(trace.Rule, asksJudge);
        if (trace.Reason != Fate.Kept) return trace.Reason;
        if (!_options.KeepContaminated && _survey.Contaminated.ContainsKey(trace.Prompt)) return Fate.Contaminated;
        return general ? Fate.Kept : _difficulty[trace.Prompt];
    }

    // Samples that were cut off count as not solved; a prompt of which nothing is known is neither easy nor hard.
    private Fate[] Difficulty()
    {
        var fates = new Fate[_survey.PromptCount];
        if (_options is { MinPassRate: <= 0, MaxPassRate: >= 1 }) return fates;
        int[] solved = new int[fates.Length], judged = new int[fates.Length];
        foreach (TraceFacts trace in _survey.Traces)
        {
            if (_sources.IsGeneral(trace.Source)) continue;
            Outcome outcome = trace.Rule == Outcome.Unverifiable ? trace.Judge ?? Outcome.Unverifiable : trace.Rule;
            if (outcome == Outcome.Correct) solved[trace.Prompt]++;
            if (outcome != Outcome.Unverifiable || trace.Reason is Fate.Truncated or Fate.ReasoningUnclosed) judged[trace.Prompt]++;
        }
        for (int prompt = 0; prompt < fates.Length; prompt++)
        {
            if (judged[prompt] == 0) continue;
            double rate = solved[prompt] / (double)judged[prompt];
            fates[prompt] = rate < _options.MinPassRate ? Fate.TooHard : rate > _options.MaxPassRate ? Fate.TooEasy : Fate.Kept;
        }
        return fates;
    }

    private void DropDuplicates(Decision decision)
    {
        var first = new Dictionary<UInt128, int>();
        for (int row = 0; row < decision.Fates.Length; row++)
        {
            if (decision.Fates[row] != Fate.Kept || first.TryAdd(_survey.Traces[row].Content, row)) continue;
            (decision.Fates[row], decision.Originals[row]) = (Fate.Duplicate, first[_survey.Traces[row].Content]);
        }
    }

    // Of prompts that read nearly the same, the first that has anything left keeps all its samples.
    private void DropNearDuplicates(Decision decision)
    {
        var first = new Dictionary<int, int>();
        for (int row = 0; row < decision.Fates.Length; row++)
        {
            if (decision.Fates[row] != Fate.Kept) continue;
            int prompt = _survey.Traces[row].Prompt, group = _survey.NearDuplicates.GroupOf(prompt);
            if (!first.TryGetValue(group, out int original)) first.Add(group, row);
            else if (_survey.Traces[original].Prompt != prompt) (decision.Fates[row], decision.Originals[row]) = (Fate.NearDuplicate, original);
        }
    }

    private void DropSurplus(Fate[] fates)
    {
        var counts = new int[_survey.PromptCount];
        for (int row = 0; row < fates.Length; row++)
            if (fates[row] == Fate.Kept) counts[_survey.Traces[row].Prompt]++;
        var rows = new SortedDictionary<int, List<int>>();
        for (int row = 0; row < fates.Length; row++)
        {
            int prompt = _survey.Traces[row].Prompt;
            if (fates[row] != Fate.Kept || counts[prompt] <= _options.MaxPerPrompt) continue;
            if (!rows.TryGetValue(prompt, out List<int>? ofPrompt)) rows.Add(prompt, ofPrompt = []);
            ofPrompt.Add(row);
        }
        foreach ((int prompt, List<int> candidates) in rows)
        {
            HashSet<int> chosen = [.. Ordered(prompt, candidates).Take(_options.MaxPerPrompt)];
            foreach (int row in candidates)
                if (!chosen.Contains(row)) fates[row] = Fate.OverMaxPerPrompt;
        }
    }

    private IEnumerable<int> Ordered(int prompt, List<int> rows)
    {
        switch (_options.Selection)
        {
            case SelectionPolicy.Shortest:
                return rows.OrderBy(Size);
            case SelectionPolicy.Longest:
                return rows.OrderByDescending(Size);
            case SelectionPolicy.Diverse:
                return DiverseChoice.Choose([.. rows.Select(row => (row, _survey.Sketches[row]))], _options.MaxPerPrompt);
            case SelectionPolicy.Random:
                int[] drawn = [.. rows];
                new RandomStream(RandomStream.DeriveSeed(_options.Seed, "curate", $"prompt {prompt}")).Shuffle<int>(drawn);
                return drawn;
            default:
                return rows;
        }
    }

    // Where tokens were not counted, characters order completions of one prompt as well.
    private int Size(int row) => _survey.Traces[row].Tokens is > 0 and var tokens ? tokens : _survey.Traces[row].Length;
}
