namespace Distill.Pipelines.Report;

/// <summary>The report as one page that needs nothing beside it: no script, no font, no picture to load.</summary>
internal static class ReportPage
{
    public static string Render(ReportData data) => Html.Of($"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>{data.Run.Name} – distill report</title>
        <style>{ReportStyle.Sheet}</style>
        </head>
        <body>
        <main>
        {Header(data)}
        {Scores(data)}
        {Funnels(data)}
        {Losses(data)}
        {Artifacts(data)}
        {Quantizations(data)}
        {Section("Stages", "Wall time of each stage over all its attempts.", ReportTables.Stages(data.Run))}
        {Section("Pipeline", null, Html.Of($"<pre class=\"source\">{data.PipelineText.TrimEnd()}</pre>"))}
        <footer>distill {data.Run.ToolVersion} · run {data.Run.Fingerprint[..12]} · the same pipeline, inputs and seed give the same run</footer>
        </main>
        </body>
        </html>

        """).ToString();

    private static Html Header(ReportData data)
    {
        RunRecord run = data.Run;
        IReadOnlyList<string> findings = Findings.Of(data);
        Html lead = findings.Count == 0 ? Html.Empty : Html.Of($"""<p class="lead">{findings[0]}</p>""");
        Html rest = findings.Count < 2 ? Html.Empty : Html.Of($"""<p class="findings">{string.Join(' ', findings.Skip(1))}</p>""");
        Html seed = data.Seed is { } number ? Html.Of($"<dt>seed</dt><dd>{number}</dd>") : Html.Empty;
        return Html.Of($"""
            <header>
            <p class="kind">distill run</p>
            <h1>{run.Name}</h1>
            {lead}{rest}
            <dl class="facts"><dt>measured</dt><dd>{run.Updated.UtcDateTime:d MMMM yyyy, HH:mm} UTC</dd><dt>took</dt><dd>{Figure.Seconds(run.Seconds)}</dd><dt>machine</dt><dd>{run.Machine.Processor}, {run.Machine.Cores} cores, {Figure.Bytes(run.Machine.MemoryBytes)}</dd><dt>system</dt><dd>{run.Machine.System}, {run.Machine.Runtime}</dd>{seed}</dl>
            </header>
            """);
    }

    private static Html Scores(ReportData data) => data.Scores.Count == 0 ? Html.Empty
        : SectionOf("What distillation bought", ScoreChart.Caption(data.Scores), ScoreChart.Render(data.Scores));

    private static Html Funnels(ReportData data)
    {
        bool several = data.Funnels.Count > 1;
        return Html.Join(data.Funnels.Select(funnel => Section(
            several ? $"Where the traces went: {funnel.Stage}" : "Where the traces went", FunnelChart.Caption(funnel.Funnel), FunnelChart.Render(funnel))));
    }

    private static Html Losses(ReportData data)
    {
        Html chart = LossChart.Render(data.Curves);
        if (chart == Html.Empty) return chart;
        IEnumerable<string> speeds = data.Curves.Where(curve => curve.TokensPerSecond > 0)
            .Select(curve => $"{curve.Stage}: {Figure.Count((long)curve.TokensPerSecond!.Value)} tokens/s");
        string note = "Mean cross-entropy per counted token, logarithmic scale, smoothed. Losses on different texts are not comparable: answers are short and mostly fixed form.";
        return Section("How they learned", speeds.Any() ? $"{note} Speed: {string.Join(", ", speeds)}." : note, Html.Join([chart, PassRateChart.Render(data.Curves)]));
    }

    private static Html Artifacts(ReportData data) => data.Artifacts.Count == 0 ? Html.Empty
        : Section("What you can ship", Findings.OfArtifacts(data), ReportTables.Artifacts(data.Artifacts));

    private static Html Quantizations(ReportData data) => Html.Join(data.Quantizations.Select(measured => Section(
        data.Quantizations.Count > 1 ? $"What each file lost: {measured.Stage}" : "What each file lost",
        "Against the unquantised model, position by position: Kullback-Leibler divergence of the next-token distributions (logarithmic scale), and pass@1 with its 95 % interval; the dashed line is the unquantised model.",
        Html.Join([QuantizationChart.Render(measured), ReportTables.Quantization(measured)]))));

    private static Html Section(string title, string? caption, Html body) =>
        SectionOf(title, caption is null ? Html.Empty : Html.Of($"{caption}"), body);

    private static Html SectionOf(string title, Html caption, Html body)
    {
        Html text = caption == Html.Empty ? caption : Html.Of($"""<p class="caption">{caption}</p>""");
        return Html.Of($"""
            <section>
            <h2>{title}</h2>
            {text}
            {body}
            </section>
            """);
    }
}
