namespace Distill.Pipelines.Report;

/// <summary>Who was made from what in a pipeline, to tell what a scored model is in the experiment.</summary>
internal sealed class Lineage(IReadOnlyList<PlannedStage> stages)
{
    private readonly Dictionary<string, PlannedStage> _byId = stages.ToDictionary(stage => stage.Id);
}
