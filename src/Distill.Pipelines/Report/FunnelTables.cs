using Distill.Curation;

namespace Distill.Pipelines.Report;

/// <summary>The tables below a funnel: what other verdict policies would have kept, what came of each source, what was found of evaluation sets.</summary>
internal static class FunnelTables
{
    public static Html Render(FilterFunnel funnel) => Html.Join([Policies(funnel), Sources(funnel), Benchmarks(funnel)]);

    private static Html Policies(FilterFunnel funnel) => funnel.Policies.Count == 0 ? Html.Empty : Html.Of($"""
        <table><thead><tr><th>verdict policy, all else the same</th><th class="n">traces kept</th><th class="n">prompts</th><th class="n">tokens</th></tr></thead><tbody>
        {funnel.Policies.Select(policy => Html.Of($"""<tr><td>{policy.Policy}</td><td class="n">{Figure.Count(policy.Rows)}</td><td class="n">{Figure.Count(policy.Prompts)}</td><td class="n">{Figure.Count(policy.Tokens)}</td></tr>"""))}
        </tbody></table>
        """);

    private static Html Sources(FilterFunnel funnel) => funnel.Sources.Count < 2 ? Html.Empty : Html.Of($"""
        <table><thead><tr><th>source</th><th class="n">traces read</th><th class="n">kept</th><th class="n">tokens</th><th class="n">share of the set</th></tr></thead><tbody>
        {funnel.Sources.Select(source => Html.Of($"""<tr><td class="path">{source.Source}</td><td class="n">{Figure.Count(source.RowsIn)}</td><td class="n">{Figure.Count(source.RowsOut)}</td><td class="n">{Figure.Count(source.TokensOut)}</td><td class="n">{Figure.Percent(source.Share)}</td></tr>"""))}
        </tbody></table>
        """);

    private static Html Benchmarks(FilterFunnel funnel) => funnel.Benchmarks.Count == 0 ? Html.Empty : Html.Of($"""
        <table><thead><tr><th>evaluation set</th><th class="n">problems</th><th class="n">found</th><th class="n">in prompts</th><th>for example</th></tr></thead><tbody>
        {funnel.Benchmarks.Select(set => Html.Of($"""<tr><td>{set.Set}</td><td class="n">{Figure.Count(set.Problems)}</td><td class="n">{Figure.Count(set.Found)}</td><td class="n">{Figure.Count(set.Prompts)}</td><td class="quiet">{Example(set)}</td></tr>"""))}
        </tbody></table>
        """);

    private static string Example(BenchmarkOutcome set) => set.Examples.Count == 0 ? "" : $"{set.Examples[0].Problem}, {set.Examples[0].Rule.Replace('_', ' ')}: “{set.Examples[0].Span}”";
}
