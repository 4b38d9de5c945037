using System.CommandLine;
using Distill.Pipelines;
using Distill.Pipelines.Report;
using Distill.Runs;
using Spectre.Console;

namespace Distill.Cli;

/// <summary><c>distill run</c>: a whole pipeline from one file.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal, TimeProvider time)
    {
        var file = new Argument<string>("pipeline") { Description = "pipeline file, e.g. pipelines/quickstart.yaml" };
        var folder = new Option<string?>("--out") { Description = "run folder (default: artifacts/ and the pipeline's name)", HelpName = "PATH" };
        var dryRun = new Option<bool>("--dry-run") { Description = "show what would run, and run nothing" };
        var from = new Option<string?>("--from") { Description = "run this stage and all after it, even if they are done", HelpName = "STAGE" };
        var only = new Option<string?>("--only") { Description = "run this stage alone, even if it is done", HelpName = "STAGE" };
        var set = new Option<string[]>("--set") { Description = "replace a value of the file, e.g. --set train.max_steps=100", HelpName = "STAGE.KEY=VALUE", Arity = ArgumentArity.OneOrMore };
        var command = new Command("run", "Run a pipeline: skip what is done, go on where it was stopped, end with a report.") { file, folder, dryRun, from, only, set };
        command.SetAction(async (parsed, cancellation) =>
        {
            PipelineFile pipeline = PipelineFile.Load(parsed.GetRequiredValue(file));
            var choices = new RunChoices
            {
                Out = parsed.GetValue(folder),
                From = parsed.GetValue(from),
                Only = parsed.GetValue(only),
                Overrides = [.. (parsed.GetValue(set) ?? []).Select(RunChoices.ParseOverride)],
            };
            if (parsed.GetValue(dryRun))
            {
                ShowPlan(terminal.Rich, PipelinePlan.Make(pipeline, choices, time));
                return ExitCode.Success;
            }
            RunSummary summary;
            using (var progress = new ProgressDisplay(terminal, time))
            {
                try
                {
                    summary = await new PipelineRunner(time).RunAsync(pipeline, choices, new PipelineDisplay(progress), cancellation);
                }
                catch (StagePausedException pause)
                {
                    progress.Settle("‖", "yellow", "paused");
                    string instead = pause.Instead is { } other ? $"give `{other.Key}: {other.Value}` in place of `{pause.Option}`" : $"leave `{pause.Option}` out";
                    return PauseDisplay.Show(terminal, pause, $"{instead}, and run the pipeline again");
                }
            }
            ShowSummary(terminal, summary);
            return ExitCode.Success;
        });
        return command;
    }

    private static void ShowPlan(IAnsiConsole console, PipelinePlan plan)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("stage", "command", "would", "reads", "options that differ from the defaults");
        foreach (PlannedStage stage in plan.Stages)
        {
            string options = string.Join(' ', stage.Kind.Options.Options
                .Where(option => !option.IsPath && option.TextIn(stage.Options) != option.DefaultText)
                .Select(option => $"{option.Key}={option.TextIn(stage.Options)}"));
            table.AddRow(new Text(stage.Id), new Text(stage.Kind.Name), new Text(Intention(stage)), new Text(string.Join('\n', stage.Inputs.Keys)), new Text(options));
        }
        console.MarkupLineInterpolated($"[bold]{plan.File.Name}[/] in {plan.Folder}");
        console.Write(table);
    }

    private static string Intention(PlannedStage stage) => (stage.WillRun, stage.Status) switch
    {
        (false, StageStatus.Done) => "skip: done",
        (false, _) => "leave out",
        (true, StageStatus.Done) => "run again",
        (true, StageStatus.Unfinished) => "go on",
        (true, StageStatus.Stale) => "run: replaces an older result",
        _ => "run",
    };

    private static void ShowSummary(Terminal terminal, RunSummary summary)
    {
        if (summary.Scores.Count > 0)
        {
            var scores = new ScoreTable("model");
            foreach (ScoreRow score in summary.Scores)
                scores.Add(score.Label, score.PassAt1, score.Low, score.High, score.Problems, score.Samples, score.TruncationRate, score.MeanTokens);
            scores.Write(terminal.Rich);
        }
        terminal.Output.WriteLine($"{summary.Run.Stages.Count} stages, {DurationText.Of(TimeSpan.FromSeconds(summary.Run.Seconds))} in all: {string.Join(", ", summary.Run.Stages.Select(stage => $"{stage.Id} {DurationText.Of(TimeSpan.FromSeconds(stage.Seconds))}"))}");
        terminal.Output.WriteLine(summary.ReportPath is { } report ? $"report: {report}" : $"results: {summary.Folder}");
    }
}
