using System.Text.Json;
using Distill.Curation.Contamination;

namespace Distill.Curation;

/// <summary>Counts a decision.</summary>
internal static class FunnelCount
{
    private const int ExamplesPerSet = 5;

    /// <summary>The funnel of a decision.</summary>
    /// <param name="survey">What was read.</param>
    /// <param name="sources">From where.</param>
    /// <param name="decision">What becomes of it.</param>
    /// <param name="policies">What the compared policies would have kept.</param>
    /// <param name="decontamination">The evaluation sets, or null.</param>
    public static FilterFunnel Of(Survey survey, TraceSources sources, Decision decision, IReadOnlyList<PolicyOutcome> policies, Decontamination? decontamination)
    {
        var rows = new long[Fates.Reasons.Count + 1];
        var tokens = new long[rows.Length];
        var bySource = new (long In, long Out, long Tokens)[sources.Paths.Count];
        for (int row = 0; row < decision.Fates.Length; row++)
        {
            TraceFacts trace = survey.Traces[row];
            Fate fate = decision.Fates[row];
            rows[(int)fate]++;
            tokens[(int)fate] += trace.Tokens;
            ref var source = ref bySource[trace.Source];
            source.In++;
            if (fate == Fate.Kept) (source.Out, source.Tokens) = (source.Out + 1, source.Tokens + trace.Tokens);
        }
        long remaining = decision.Fates.Length, kept = rows[(int)Fate.Kept];
        return new FilterFunnel
        {
            RowsIn = remaining,
            TokensIn = tokens.Sum(),
            PromptsIn = survey.PromptCount,
            Steps = [.. Fates.Reasons.Select(fate => new FunnelStep(Fates.NameOf(fate), rows[(int)fate], tokens[(int)fate], remaining -= rows[(int)fate]))],
            RowsOut = kept,
            TokensOut = tokens[(int)Fate.Kept],
            PromptsOut = Prompts(survey, decision),
            Policies = policies,
            Sources = [.. sources.Names.Select((name, source) => new SourceOutcome(
                name, bySource[source].In, bySource[source].Out, bySource[source].Tokens, kept == 0 ? 0 : Math.Round(bySource[source].Out / (double)kept, 4)))],
            Benchmarks = decontamination is null ? [] : Benchmarks(survey, decontamination),
            BelowContaminationThreshold = survey.WeakMatches,
        };
    }

    /// <summary>What a policy would have kept.</summary>
    public static PolicyOutcome Of(Survey survey, Decision decision, VerdictPolicy policy)
    {
        long rows = 0, tokens = 0;
        for (int row = 0; row < decision.Fates.Length; row++)
            if (decision.Fates[row] == Fate.Kept) (rows, tokens) = (rows + 1, tokens + survey.Traces[row].Tokens);
        return new PolicyOutcome(JsonNamingPolicy.KebabCaseLower.ConvertName(policy.ToString()), rows, Prompts(survey, decision), tokens);
    }

    /// <summary>What was found of every evaluation set.</summary>
    public static IReadOnlyList<BenchmarkOutcome> Benchmarks(Survey survey, Decontamination decontamination)
    {
        ILookup<string, ContaminationMatch> bySet = survey.Contaminated.OrderBy(entry => entry.Key).Select(entry => entry.Value).ToLookup(match => match.Item.Set);
        return [.. decontamination.Sets.Select(set => new BenchmarkOutcome(set.Set, set.Problems, bySet[set.Set].Select(match => match.Item.Number).Distinct().Count(),
            bySet[set.Set].Count(), [.. bySet[set.Set].Take(ExamplesPerSet).Select(Hit)]))];
    }

    private static BenchmarkHit Hit(ContaminationMatch match) => new(match.Item.Name, match.Rule, Math.Round(match.Overlap, 3), match.Span);

    private static int Prompts(Survey survey, Decision decision)
    {
        var kept = new bool[survey.PromptCount];
        for (int row = 0; row < decision.Fates.Length; row++)
            if (decision.Fates[row] == Fate.Kept) kept[survey.Traces[row].Prompt] = true;
        return kept.Count(isKept => isKept);
    }
}
