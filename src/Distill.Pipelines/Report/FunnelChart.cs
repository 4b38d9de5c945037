using Distill.Curation;

namespace Distill.Pipelines.Report;

/// <summary>Where the teacher's traces went: a bar for what came in, one per reason that dropped some, one for what was kept.</summary>
internal static class FunnelChart
{
    private const string Kept = "kept";
    private const int LongestExample = 1_600, LongestTitle = 90;

    public static Html Render(FunnelData data)
    {
        FilterFunnel funnel = data.Funnel;
        if (funnel.RowsIn == 0) return Html.Empty;
        return Html.Of($"""
            <div class="funnel">
            {Row("traces read", funnel.RowsIn, funnel.RowsIn, "all", null)}
            {funnel.Steps.Where(step => step.Dropped > 0).Select(step => Row(Words(step.Reason), step.Remaining, funnel.RowsIn, "", step.Dropped))}
            {Row("kept to learn from", funnel.RowsOut, funnel.RowsIn, "kept", null)}
            </div>
            {FunnelTables.Render(funnel)}
            {Examples(data.Examples)}
            """);
    }

    /// <summary>The funnel in a sentence.</summary>
    public static string Caption(FilterFunnel funnel) =>
        $"Every trace is verified against the reference answer. {Figure.Count(funnel.RowsOut)} of {Figure.Count(funnel.RowsIn)} " +
        $"({Figure.Percent(funnel.RowsIn == 0 ? 0 : funnel.RowsOut / (double)funnel.RowsIn)}) were kept, on {Figure.Count(funnel.PromptsOut)} of {Figure.Count(funnel.PromptsIn)} prompts, " +
        $"with {Figure.Count(funnel.TokensOut)} tokens. Each dropped trace counts under the first reason that holds; it stays in the trace store, labelled.";

    private static Html Row(string label, long count, long total, string kind, long? dropped)
    {
        double share = 100.0 * count / total, gone = 100.0 * (dropped ?? 0) / total;
        Html lost = dropped is null ? Html.Empty : Html.Of($"""<u style="width:{gone:0.##}%"></u>""");
        string figure = dropped is { } drop ? $"−{Figure.Count(drop)}" : Figure.Count(count);
        return Html.Of($"""<div class="step {kind}"><span class="name">{label}</span><span class="track"><b style="width:{share:0.##}%"></b>{lost}</span><span class="value">{figure}</span><span class="quiet">{Figure.Percent((dropped ?? count) / (double)total)}</span></div>""");
    }

    // Two of each fate are enough to see what it means.
    private static Html Examples(IReadOnlyList<TraceExample> examples) => examples.Count == 0 ? Html.Empty : Html.Of($"""
        <div class="examples">
        {examples.GroupBy(example => example.Category).SelectMany(group => group.Take(2)).Select(Example)}
        </div>
        """);

    private static Html Example(TraceExample example)
    {
        bool kept = example.Category == Kept;
        Html reference = example.ReferenceAnswer is { } right ? Html.Of($"<dt>reference answer</dt><dd>{right}</dd>") : Html.Empty;
        Html found = example.Detail is { } detail ? Html.Of($"<dt>found</dt><dd>{Short(detail, LongestExample)}</dd>") : Html.Empty;
        Html reasoning = example.Reasoning.Length == 0 ? Html.Empty : Html.Of($"<dt>reasoning</dt><dd><pre>{Short(example.Reasoning, LongestExample)}</pre></dd>");
        return Html.Of($"""
            <details class="{(kept ? "accepted" : "rejected")}"><summary><span class="badge">{(kept ? "kept" : "dropped")}</span> <span class="prompt">{Short(example.Prompt, LongestTitle)}</span> <span class="why">{Words(kept ? example.Reason : example.Category)}</span></summary>
            <dl><dt>prompt</dt><dd>{Short(example.Prompt, LongestExample)}</dd>{found}{reasoning}<dt>answer</dt><dd>{Short(example.Answer, LongestExample)}</dd>{reference}<dt>verdict</dt><dd>{example.Verdict}: {Words(example.Reason)}</dd></dl></details>
            """);
    }

    private static string Words(string code) => code.Replace('_', ' ');

    // Never between the two halves of a character outside the basic plane.
    private static string Short(string text, int most) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)] + " …";
}
