namespace Distill.Pipelines.Report;

/// <summary>The report's tables: exported files, and stages with their times.</summary>
internal static class ReportTables
{
    public static Html Artifacts(IReadOnlyList<ArtifactRow> artifacts) => Html.Of($"""
        <table><thead><tr><th>file</th><th>form</th><th class="n">size</th><th class="n">bits per weight</th><th class="n">pass@1</th><th class="n">tokens/s</th></tr></thead><tbody>
        {artifacts.Select(artifact => Html.Of($"""<tr><td class="path">{artifact.Path}</td><td>{artifact.Format.ToUpperInvariant()} {artifact.Type}</td><td class="n">{Figure.Bytes(artifact.Bytes)}</td><td class="n">{artifact.BitsPerWeight:0.##}</td><td class="n">{Score(artifact.Score)}</td><td class="n">{Speed(artifact.Score?.TokensPerSecond)}</td></tr>"""))}
        </tbody></table>
        """);

    public static Html Stages(RunRecord run)
    {
        double longest = Math.Max(0.001, run.Stages.Max(stage => stage.Seconds));
        return Html.Of($"""
            <table><thead><tr><th>stage</th><th>command</th><th class="wide"></th><th class="n">time</th></tr></thead><tbody>
            {run.Stages.Select(stage => Html.Of($"""<tr><td>{stage.Id}</td><td class="quiet">{stage.Stage}</td><td class="wide"><span class="track thin"><b style="width:{100 * stage.Seconds / longest:0.##}%"></b></span></td><td class="n">{Figure.Seconds(stage.Seconds)}</td></tr>"""))}
            </tbody><tfoot><tr><td>together</td><td></td><td></td><td class="n">{Figure.Seconds(run.Seconds)}</td></tr></tfoot></table>
            """);
    }

    private static Html Score(ScoreRow? score) =>
        score is null ? Html.Of($"""<span class="quiet">not scored</span>""") : Html.Of($"""{Figure.Percent(score.PassAt1)} <span class="quiet">({Figure.Interval(score.Low, score.High)})</span>""");

    private static string Speed(double? perSecond) => perSecond is { } speed ? Figure.Count((long)Math.Round(speed)) : "";
}
