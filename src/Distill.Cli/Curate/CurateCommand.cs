using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Encodings.Web;
using System.Text.Json;
using Distill.Curation.Lint;
using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli.Curate;

/// <summary><c>distill curate</c>: the stage, and with <c>--lint</c> a look through a data set that writes nothing.</summary>
internal static class CurateCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Adds the linter to the stage's command.</summary>
    public static Command Create(StageKind kind, Terminal terminal, TimeProvider time)
    {
        Command command = StageCommand.Create(kind, terminal, time);
        var stage = (AsynchronousCommandLineAction)command.Action!;
        OptionSet lintOptions = OptionSet.Of<LintOptions>();
        var flags = new List<(StageOption Option, Option<string[]> Flag)>();
        foreach (StageOption option in lintOptions.Options)
        {
            Option<string[]>? shared = command.Options.OfType<Option<string[]>>().FirstOrDefault(flag => flag.Name == option.Flag);
            flags.Add((option, shared ?? StageCommand.Flag(option, optional: true)));
            if (shared is null) command.Options.Add(flags[^1].Flag);
        }
        command.SetAction((parsed, cancellation) =>
        {
            OptionValue[] values = StageCommand.ValuesOf(flags, parsed);
            if (values.Any(value => value.Key == "lint"))
            {
                string[] others = [.. command.Options.Except(flags.Select(entry => entry.Flag)).Where(option => parsed.GetResult(option) is { Implicit: false }).Select(option => $"`{option.Name}`")];
                if (others.Length > 0) throw new InputException($"{string.Join(", ", others)}: has no meaning with `--lint`", "the linter only looks; leave it out, or curate without `--lint`");
                return LintAsync(lintOptions.Bind<LintOptions>(kind.Name, null, values), terminal, time, cancellation);
            }
            if (values.FirstOrDefault(value => kind.Options.Find(value.Key) is null) is { } stray)
                throw new InputException($"`{stray.Source}`: has no meaning without `--lint`", "name the data set to look through with `--lint`");
            return stage.InvokeAsync(parsed, cancellation);
        });
        return command;
    }

    private static async Task<int> LintAsync(LintOptions options, Terminal terminal, TimeProvider time, CancellationToken cancellation)
    {
        LintReport report;
        using (var display = new ProgressDisplay(terminal, time))
        {
            report = await DatasetLint.RunAsync(options, display, cancellation, EvaluationProblems.Read);
        }
        if (options.Json) terminal.Output.WriteLine(JsonSerializer.Serialize(report, Json));
        else LintTable.Show(terminal.Rich, report);
        return options.Strict && report.HasProblems ? ExitCode.UserError : ExitCode.Success;
    }
}
