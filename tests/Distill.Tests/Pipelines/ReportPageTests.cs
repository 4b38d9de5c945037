using System.Text.RegularExpressions;
using Distill.Curation;
using Distill.Pipelines.Report;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed partial class ReportPageTests
{
    [Fact]
    public void ThePageNeedsNothingBesideIt()
    {
        string page = ReportPage.Render(SampleReport.Data());
        if (Environment.GetEnvironmentVariable("DISTILL_SAMPLE_REPORT") is { Length: > 0 } path) File.WriteAllText(path, page);

        Assert.DoesNotContain("http://", page);
        Assert.DoesNotContain("https://", page);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("NaN", page);
        Assert.Contains("default-src 'none'", page);
    }

    [Fact]
    public void EveryTagThatOpensCloses()
    {
        var open = new Stack<string>();
        foreach (Match tag in Tags().Matches(ReportPage.Render(SampleReport.Data())))
        {
            string name = tag.Groups["name"].Value;
            if (name is "meta" or "line" or "polyline" or "circle" || tag.Value.EndsWith("/>", StringComparison.Ordinal)) continue;
            if (tag.Groups["close"].Success) Assert.Equal(open.Pop(), name);
            else open.Push(name);
        }
        Assert.Empty(open);
    }

    [Fact]
    public void WhatAModelWroteStaysText()
    {
        ReportData data = SampleReport.Data();
        const string Attack = "</pre><script>alert(1)</script>";
        var example = new TraceExample("kept", Attack, Attack, Attack, Attack, "correct", Attack);
        data = data with
        {
            PipelineText = Attack,
            Funnels = [data.Funnels[0] with { Examples = [example] }],
            Scores = [data.Scores[0] with { Label = Attack, Suite = Attack }],
            Artifacts = [data.Artifacts[0] with { Path = Attack }],
        };

        string page = ReportPage.Render(data);

        Assert.DoesNotContain("<script", page);
        Assert.Contains("&lt;script&gt;", page);
    }

    [Fact]
    public void AFunnelSaysWhatOtherPoliciesWouldHaveKeptAndWhatWasFound()
    {
        string page = ReportPage.Render(SampleReport.Data());

        foreach (string cell in new[] { "judge-or-rule", Figure.Count(9249), "data/chat.jsonl", "gsm8k:603, ngram: “miles in 3 hours. At the same rate”" }) Assert.Contains(cell, page);
        Assert.DoesNotContain("verdict policy", FunnelTables.Render(SampleReport.Data().Funnels[0].Funnel with { Policies = [], Sources = [], Benchmarks = [] }).ToString());
    }

    [Fact]
    public void QuantisedFilesAreShownBySizeAndLoss()
    {
        string page = ReportPage.Render(SampleReport.Data());

        Assert.Contains("What each file lost", page);
        Assert.Contains("divergence on traces by size", page);
        Assert.Contains("pass@1 on arithmetic-short by size", page);
        foreach (string type in new[] { "Q8_0", "Q4_K_M", "Q4_0", "F16", "Q2_K" }) Assert.Contains($">{type}</text>", page);
        int[] order = [.. new[] { "tiny-qwen-F16.gguf", "tiny-qwen-Q8_0.gguf", "tiny-qwen-Q2_K.gguf" }.Select(file => page.IndexOf($"title=\"{file}\"", StringComparison.Ordinal))];
        Assert.Equal(order.Order(), order);

        QuantizationData one = SampleReport.Data().Quantizations[0];
        Assert.DoesNotContain("by size", ReportPage.Render(SampleReport.Data() with { Quantizations = [one with { Files = [one.Files[0]] }] }));
    }

    [Fact]
    public void ARunWithoutScoresOrTracesStillHasAPage()
    {
        ReportData data = SampleReport.Data() with { Scores = [], Funnels = [], Curves = [], Artifacts = [], Quantizations = [], Seed = null };

        Assert.Contains("<h2>Stages</h2>", ReportPage.Render(data));
    }

    [Fact]
    public void AnOverlapIsSaidPlainly()
    {
        ReportData data = SampleReport.Data();
        ScoreRow distilled = data.Scores.First(score => score.Role == ScoreRole.Distilled);
        data = data with { Scores = [distilled, distilled with { Role = ScoreRole.AnswersOnly, PassAt1 = distilled.PassAt1 - 0.01, Low = distilled.Low - 0.01 }] };

        Assert.Contains("does not show a difference", string.Join(' ', Findings.Of(data)));
        Assert.DoesNotContain("does not show a difference", string.Join(' ', Findings.Of(SampleReport.Data())));
    }

    [Fact]
    public void TheSameStepsAreClaimedOnlyWhereTheyAreTheSame()
    {
        ReportData data = SampleReport.Data();
        Assert.Contains("for the same", string.Join(' ', Findings.Of(data)));

        LossCurve answers = data.Curves.First(curve => curve.Role == ScoreRole.AnswersOnly);
        data = data with { Curves = [.. data.Curves.Where(curve => curve != answers), answers with { Points = [.. answers.Points.Take(10)] }] };

        Assert.Contains("for 10 steps against", string.Join(' ', Findings.Of(data)));
    }

    [Fact]
    public void AFileThatScoresWorseIsNamed()
    {
        ReportData data = SampleReport.Data();
        Assert.Contains("Every scored file", Findings.OfArtifacts(data));

        ScoreRow worse = data.Scores.First(score => score.Role == ScoreRole.Artifact) with { Label = "bad file", PassAt1 = 0.1, Low = 0.05, High = 0.15 };

        Assert.EndsWith("bad file.", Findings.OfArtifacts(data with { Scores = [.. data.Scores, worse] }));
    }

    [GeneratedRegex("<(?<close>/)?(?<name>[a-z0-9]+)[^>]*>")]
    private static partial Regex Tags();
}
