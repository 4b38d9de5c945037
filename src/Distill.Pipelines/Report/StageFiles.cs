namespace Distill.Pipelines.Report;

/// <summary>Reads the files that stages leave for the report.</summary>
internal static class StageFiles
{
    public static IEnumerable<ScoreRow> Scores(PlannedStage stage, Lineage lineage) => [];
    public static FunnelData? Funnel(PlannedStage stage) => null;
    public static LossCurve Losses(PlannedStage stage, Lineage lineage) => new(stage.Id, ScoreRole.Other, [], null, null);
    public static IEnumerable<ArtifactRow> Artifacts(PlannedStage stage, IReadOnlyList<ScoreRow> scores) => [];
}
