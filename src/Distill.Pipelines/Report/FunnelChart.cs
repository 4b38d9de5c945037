namespace Distill.Pipelines.Report;

/// <summary>Where the teacher's traces went: a bar for what came in, one per reason that dropped some, one for what was kept.</summary>
internal static class FunnelChart
{
    private const int LongestExample = 1_600;

    public static Html Render(FunnelData funnel)
    {
        if (funnel.Total == 0) return Html.Empty;
        return Html.Of($"""
            <div class="funnel">
            {Row("written by the teacher", funnel.Total, funnel.Total, "all", null)}
            {funnel.Steps.Where(step => step.Dropped > 0).Select(step => Row(Words(step.Reason), step.Remaining, funnel.Total, "", step.Dropped))}
            {Row("kept to learn from", funnel.Accepted, funnel.Total, "kept", null)}
            </div>
            {Examples(funnel.Examples)}
            """);
    }

    private static Html Row(string label, long count, long total, string kind, long? dropped)
    {
        double share = 100.0 * count / total, gone = 100.0 * (dropped ?? 0) / total;
        Html lost = dropped is { } number ? Html.Of($"""<u style="width:{gone:0.##}%"></u>""") : Html.Empty;
        string figure = dropped is { } drop ? $"−{Figure.Count(drop)}" : Figure.Count(count);
        return Html.Of($"""<div class="step {kind}"><span class="name">{label}</span><span class="track"><b style="width:{share:0.##}%"></b>{lost}</span><span class="value">{figure}</span><span class="quiet">{Figure.Percent(dropped is null ? count / (double)total : dropped.Value / (double)total)}</span></div>""");
    }

    private static Html Examples(IReadOnlyList<ExampleTrace> examples) => examples.Count == 0 ? Html.Empty : Html.Of($"""
        <div class="examples">
        {examples.OrderByDescending(example => example.Accepted).Select(Example)}
        </div>
        """);

    private static Html Example(ExampleTrace example)
    {
        Html reference = example.ReferenceAnswer is { } right ? Html.Of($"""<dt>reference answer</dt><dd>{right}</dd>""") : Html.Empty;
        return Html.Of($"""
            <details class="{(example.Accepted ? "accepted" : "rejected")}"><summary><span class="badge">{(example.Accepted ? "accepted" : "rejected")}</span> <span class="why">{Words(example.Reason)}</span> <span class="prompt">{Short(example.Prompt, 90)}</span></summary>
            <dl><dt>prompt</dt><dd>{Short(example.Prompt, LongestExample)}</dd><dt>reasoning</dt><dd><pre>{Short(example.Reasoning, LongestExample)}</pre></dd><dt>answer</dt><dd>{Short(example.Answer, LongestExample)}</dd>{reference}</dl></details>
            """);
    }

    private static string Words(string code) => code.Replace('_', ' ');

    // Never between the two halves of a character outside the basic plane.
    private static string Short(string text, int most) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)] + " …";
}
