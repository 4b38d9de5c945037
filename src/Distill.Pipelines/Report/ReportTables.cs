using Distill.Eval;

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

    /// <summary>What quantised files lost, the largest first.</summary>
    public static Html Quantization(QuantizationData measured) => Html.Of($"""
        <table><thead><tr><th>file</th><th class="n">size</th><th class="n">bits</th>{measured.Files[0].Texts.Select(text => Html.Of($"""<th class="n">perplexity on {text.Name}</th><th class="n">divergence</th><th class="n">99.9{"\u202F"}%</th><th class="n">same top token</th>"""))}{measured.Files[0].Suites.Select(suite => Html.Of($"""<th class="n">pass@1 on {suite.Suite}</th><th class="n">cut off</th>"""))}</tr></thead><tbody>
        {measured.Files.OrderByDescending(file => file.Bytes).Select(file => Html.Of($"""<tr><td title="{file.File}">{QuantizationChart.TypeOf(file.File)}</td><td class="n">{Figure.Bytes(file.Bytes)}</td><td class="n">{file.BitsPerWeight:0.##}</td>{file.Texts.Select(Text)}{file.Suites.Select(suite => Html.Of($"""<td class="n">{Figure.Percent(suite.PassAt1.Value)} <span class="quiet">({Figure.Interval(suite.PassAt1.Low, suite.PassAt1.High)})</span></td><td class="n">{Figure.Percent(suite.TruncationRate)}</td>"""))}</tr>"""))}
        </tbody></table>
        """);

    private static Html Text(CorpusScore text) => Html.Of(
        $"""<td class="n">{text.Perplexity:0.000}</td><td class="n">{text.Divergence:0.00000}{"\u202F"}±{"\u202F"}{text.DivergenceStandardError:0.00000}</td><td class="n">{text.Divergence999:0.000}</td><td class="n">{Figure.Percent(text.SameTop)}</td>""");

    private static Html Score(ScoreRow? score) =>
        score is null ? Html.Of($"""<span class="quiet">not scored</span>""") : Html.Of($"""{Figure.Percent(score.PassAt1)} <span class="quiet">({Figure.Interval(score.Low, score.High)})</span>""");

    private static string Speed(double? perSecond) => perSecond is { } speed ? Figure.Count((long)Math.Round(speed)) : "";
}
