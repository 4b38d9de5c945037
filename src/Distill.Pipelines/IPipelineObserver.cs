using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>Is told how a run goes. Readings may come from several threads, the other calls come one at a time.</summary>
public interface IPipelineObserver : IProgress<ProgressEvent>
{
    /// <summary>A stage is done already.</summary>
    void StageSkipped(PlannedStage stage, int number, int count);

    /// <summary>A stage begins, or goes on.</summary>
    void StageStarted(PlannedStage stage, int number, int count);

    /// <summary>A stage has finished.</summary>
    void StageFinished(PlannedStage stage, RunManifest manifest);
}
