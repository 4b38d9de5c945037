using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>Shows how a run goes: one line per stage that stays, one live line for the stage at work.</summary>
/// <param name="progress">Draws the lines.</param>
internal sealed class PipelineDisplay(ProgressDisplay progress) : IPipelineObserver
{
    /// <inheritdoc/>
    public void Report(ProgressEvent value) => progress.Report(value);

    /// <inheritdoc/>
    public void StageSkipped(PlannedStage stage, int number, int count)
    {
        string note = stage.Status == StageStatus.Done ? "already done" : "left out";
        progress.Settle(stage.Status == StageStatus.Done ? "=" : "·", "grey", $"{number}/{count} {stage.Id}: {note}");
    }

    /// <inheritdoc/>
    public void StageStarted(PlannedStage stage, int number, int count)
    {
        _numbers = $"{number}/{count}";
        string note = stage.Status switch
        {
            StageStatus.Unfinished => " (goes on)",
            StageStatus.Stale => " (replaces an older result)",
            StageStatus.Done => " (again)",
            _ => "",
        };
        progress.Begin($"{_numbers} {stage.Id}{note}");
    }

    /// <inheritdoc/>
    public void StageFinished(PlannedStage stage, RunManifest manifest) =>
        progress.Settle("✓", "green", $"{_numbers} {stage.Id}: {DurationText.Of(TimeSpan.FromSeconds(manifest.Seconds))}");

    private string _numbers = "";
}
