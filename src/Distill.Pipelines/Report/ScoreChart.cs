namespace Distill.Pipelines.Report;

/// <summary>Bars of pass@1 with their 95 % intervals, one row per model.</summary>
internal static class ScoreChart
{
    public static Html Render(IReadOnlyList<ScoreRow> scores)
    {
        if (scores.Count == 0) return Html.Empty;
        bool severalSuites = scores.Select(score => score.Suite).Distinct().Count() > 1;
        return Html.Of($"""
            <div class="scores" role="table" aria-label="pass@1 by model">
            <div class="score head" role="row"><span role="columnheader">model</span><span role="columnheader" class="axis">{Axis()}</span><span role="columnheader">pass@1</span><span role="columnheader">95{"\u202F"}% interval</span><span role="columnheader">cut off</span><span role="columnheader">tokens</span></div>
            {scores.Select(score => Row(score, severalSuites))}
            </div>
            """);
    }

    /// <summary>What the chart shows, in words: problems, samples, kind of interval.</summary>
    public static Html Caption(IReadOnlyList<ScoreRow> scores)
    {
        var sizes = scores.Select(score => (score.Suite, score.Problems, score.Samples)).Distinct().ToList();
        IEnumerable<Html> parts = sizes.Select(size => Html.Of($"<b>{size.Suite}</b>: {Figure.Count(size.Problems)} problems × {size.Samples} {(size.Samples == 1 ? "sample" : "samples")}. "));
        return Html.Of($"{parts}The thin line through each bar is the 95{"\u202F"}% interval; “cut off” is the share of completions that hit the token limit, “tokens” the mean length of a completion.");
    }

    private static IEnumerable<Html> Axis() =>
        new[] { 0, 25, 50, 75, 100 }.Select(tick => Html.Of($"""<i style="left:{tick}%">{tick}</i>"""));

    private static Html Row(ScoreRow score, bool showSuite)
    {
        double value = score.PassAt1 * 100, low = score.Low * 100, high = score.High * 100;
        Html suite = showSuite ? Html.Of($"<small>{score.Suite}</small>") : Html.Empty;
        return Html.Of($"""
            <div class="score {ClassOf(score.Role)}" role="row"><span role="cell" class="name">{score.Label}{suite}</span><span role="cell" class="track"><b style="width:{value:0.##}%"></b><em style="left:{low:0.##}%;width:{Math.Max(0.2, high - low):0.##}%"></em></span><span role="cell" class="value">{Figure.Percent(score.PassAt1)}</span><span role="cell" class="quiet">{Figure.Interval(score.Low, score.High)}</span><span role="cell" class="quiet">{Figure.Percent(score.TruncationRate)}</span><span role="cell" class="quiet">{score.MeanTokens:0}</span></div>
            """);
    }

    /// <summary>The colour class of a role, shared by all charts.</summary>
    public static string ClassOf(ScoreRole role) => role switch
    {
        ScoreRole.Teacher => "teacher",
        ScoreRole.Untrained => "untrained",
        ScoreRole.AnswersOnly => "answers",
        ScoreRole.Distilled => "distilled",
        ScoreRole.Artifact => "artifact",
        _ => "other",
    };
}
