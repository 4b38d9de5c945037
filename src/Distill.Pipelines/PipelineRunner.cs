using Distill.Pipelines.Report;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>Runs a plan: stage by stage, skipping what is done, keeping <c>run.json</c> current, the report last.</summary>
/// <param name="time">The clock.</param>
public sealed class PipelineRunner(TimeProvider time)
{
    /// <summary>Runs every stage that has to run.</summary>
    /// <param name="file">The pipeline.</param>
    /// <param name="choices">What the command line says about it.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="cancellation">Stops the run where it can go on later.</param>
    /// <exception cref="InputException">The pipeline or an input cannot be used, or another process runs in the same folder.</exception>
    public async Task<RunSummary> RunAsync(PipelineFile file, RunChoices choices, IPipelineObserver observer, CancellationToken cancellation)
    {
        PipelinePlan.Make(file, choices, time); // complaints come before a folder is made
        string folder = choices.Out ?? PipelinePlan.DefaultFolder(file);
        using FolderLock locked = FolderLock.Take(folder);
        PipelinePlan plan = PipelinePlan.Make(file, choices, time);
        var manifests = plan.Stages.Where(stage => stage.Manifest != null).ToDictionary(stage => stage.Id, stage => stage.Manifest!);
        RunRecord record = Record(plan, manifests, running: null, "running");
        try
        {
            for (int i = 0; i < plan.Stages.Count; i++)
            {
                PlannedStage stage = plan.Stages[i];
                if (!stage.WillRun)
                {
                    observer.StageSkipped(stage, i + 1, plan.Stages.Count);
                    continue;
                }
                observer.StageStarted(stage, i + 1, plan.Stages.Count);
                (record = Record(plan, manifests, stage, "running")).Save(folder);
                manifests[stage.Id] = await StageRun.RunPlannedAsync(stage, observer, cancellation);
                observer.StageFinished(stage, manifests[stage.Id]);
            }
        }
        catch (Exception e)
        {
            TrySave(record with { Status = e is OperationCanceledException or StagePausedException ? "interrupted" : "failed", Error = e is InputException ? e.Message : null }, folder);
            throw;
        }
        return Finish(plan, manifests);
    }

    private RunSummary Finish(PipelinePlan plan, Dictionary<string, RunManifest> manifests)
    {
        bool complete = plan.Stages.All(stage => manifests.ContainsKey(stage.Id));
        RunRecord? before = RunRecord.TryLoad(plan.Folder);
        string report = Path.Combine(plan.Folder, RunReport.FileName);
        RunRecord record = Record(plan, manifests, running: null, complete ? "done" : "interrupted");
        bool asBefore = plan.IsDone && before is { Status: "done" } && before.Fingerprint == plan.Fingerprint && File.Exists(report);
        var data = RunReport.Collect(plan, asBefore ? before! : record, manifests);
        if (!asBefore)
        {
            if (complete) RunReport.Write(report, data);
            record.Save(plan.Folder); // last: a run that says it is done has its report
        }
        return new RunSummary(plan.Folder, complete ? report : null, data.Run, data.Scores);
    }

    private RunRecord Record(PipelinePlan plan, Dictionary<string, RunManifest> manifests, PlannedStage? running, string status) => new()
    {
        Name = plan.File.Name,
        Pipeline = plan.File.Path,
        Fingerprint = plan.Fingerprint,
        Updated = time.GetUtcNow(),
        Status = status,
        Stages = [.. plan.Stages.Select(stage => new RunRecordStage(
            stage.Id, stage.Kind.Name,
            stage == running ? "running" : manifests.ContainsKey(stage.Id) ? "done" : "waiting",
            stage.Fingerprint,
            manifests.GetValueOrDefault(stage.Id)?.Seconds ?? 0))],
    };

    private static void TrySave(RunRecord record, string folder)
    {
        try
        {
            record.Save(folder);
        }
        catch (InputException) { } // the failure that led here is the one to tell
    }
}
