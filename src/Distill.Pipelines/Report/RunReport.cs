using System.Text.Json;
using Distill.Runs;

namespace Distill.Pipelines.Report;

/// <summary><c>report.html</c> of a run: one page made from the files that the stages left, readable without anything beside it.</summary>
internal static class RunReport
{
    /// <summary>Name of the file in the run folder.</summary>
    public const string FileName = "report.html";

    /// <summary>Reads what the report shows from the stage folders.</summary>
    public static ReportData Collect(PipelinePlan plan, RunRecord run, IReadOnlyDictionary<string, RunManifest> manifests)
    {
        PlannedStage[] done = [.. plan.Stages.Where(stage => manifests.ContainsKey(stage.Id))];
        var lineage = new Lineage(plan.Stages);
        IReadOnlyList<ScoreRow> scores = [.. done.Where(stage => stage.Kind.Name == "eval").SelectMany(stage => StageFiles.Scores(stage, lineage))];
        return new ReportData(
            run,
            long.TryParse(plan.File.Seed is { Values: [var only] } ? only : null, out long seed) ? seed : null,
            plan.File.Text,
            scores,
            Funnels(done),
            [.. done.Where(stage => stage.Kind.Name == "train").Select(stage => StageFiles.Losses(stage, lineage))],
            [.. done.Where(stage => stage.Kind.Name == "export").SelectMany(stage => StageFiles.Artifacts(stage, scores))],
            [.. done.Where(stage => stage.Kind.Name == "eval").Select(StageFiles.Quantization).OfType<QuantizationData>()]);
    }

    // The same traces with and without their reasoning go through one funnel: shown once.
    private static IReadOnlyList<FunnelData> Funnels(PlannedStage[] done) =>
        [.. done.Where(stage => stage.Kind.Name == "curate").Select(StageFiles.Funnel)
            .GroupBy(data => JsonSerializer.Serialize(data.Funnel)).Select(same => same.MaxBy(data => data.Examples.Sum(example => example.Reasoning.Length))!)];

    /// <summary>Writes the page.</summary>
    public static void Write(string path, ReportData data) => AtomicFile.WriteText(path, ReportPage.Render(data));
}
