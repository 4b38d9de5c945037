using System.CommandLine;
using Distill.Rescoring;
using Distill.Runs;
using Distill.Verification;
using Spectre.Console;

namespace Distill.Cli;

/// <summary><c>distill verify</c>: judges the completions of a file and shows why.</summary>
internal static class VerifyCommand
{
    private const int LongestExample = 48;

    public static Command Create(Terminal terminal, TimeProvider time)
    {
        var input = new Argument<string>("input") { Description = "rows to judge: .jsonl, .jsonl.gz, .jsonl.zst, .json or .parquet; `-` for JSON lines from standard input" };
        var command = new Command("verify", "Judge the completions of any data set, and write its rows with their verdicts.") { input };
        OptionSet options = OptionSet.Of<VerifyOptions>();
        (StageOption Option, Option<string[]> Flag)[] flags = [.. options.Options.Select(option => (option, StageCommand.Flag(option)))];
        foreach (var (_, flag) in flags) command.Options.Add(flag);
        command.SetAction(async (parsed, cancellation) =>
        {
            VerifyOptions chosen = options.Bind<VerifyOptions>("verify", null, StageCommand.ValuesOf(flags, parsed)) with { Input = parsed.GetValue(input)! };
            VerifyResult result;
            using (var display = new ProgressDisplay(terminal, time))
            {
                result = chosen.Input == "-" ? await RunOnStreams(chosen, display, cancellation) : await Rescoring.Rescoring.RunAsync(chosen, display, cancellation);
            }
            // Standard output may be the rows themselves.
            Show(chosen.Input == "-" && chosen.Out is null ? terminal.RichError : terminal.Rich, result);
            if (chosen.Out is not null) terminal.Error.WriteLine($"written to {chosen.Out}");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<VerifyResult> RunOnStreams(VerifyOptions options, ProgressDisplay display, CancellationToken cancellation)
    {
        if (options.Out is null) return await Rescoring.Rescoring.RunAsync(options, Terminal.OpenInput(), Terminal.OpenOutput(), display, cancellation);
        VerifyResult? result = null;
        AtomicFile.Write(options.Out, stream => result = Rescoring.Rescoring.RunAsync(options, Terminal.OpenInput(), stream, display, cancellation).GetAwaiter().GetResult());
        return result!;
    }

    private static void Show(IAnsiConsole console, VerifyResult result)
    {
        ShowTable(console, "verdict", result.Reasons, result.Completions);
        if (result.JudgeReasons.Count > 0) ShowTable(console, "judge", result.JudgeReasons, result.JudgeReasons.Sum(reason => reason.Count));
        long judged = result[Outcome.Correct] + result[Outcome.Incorrect];
        console.WriteLine($"{result.Completions:N0} completions in {result.Rows:N0} rows: {result[Outcome.Correct]:N0} correct, {result[Outcome.Incorrect]:N0} incorrect, {result[Outcome.Unverifiable]:N0} unverifiable"
            + (judged > 0 ? $"; {Share(result[Outcome.Correct], judged)} of those that could be judged are correct" : ""));
        if (result.Skipped > 0) console.WriteLine($"{result.Skipped:N0} rows could not be read and were skipped; the first: {result.FirstProblem}");
    }

    private static void ShowTable(IAnsiConsole console, string title, IReadOnlyList<ReasonCount> reasons, long total)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns(new TableColumn(title), new TableColumn("reason"), new TableColumn("rows").RightAligned(), new TableColumn("share").RightAligned(), new TableColumn("examples: reference ← extracted"));
        foreach (ReasonCount reason in reasons)
        {
            string examples = string.Join('\n', reason.Examples.Select(example => $"{Short(example.Reference)} ← {Short(example.Extracted)}"));
            table.AddRow(new Text(reason.Outcome.ToString().ToLowerInvariant()), new Text(reason.Reason), new Text($"{reason.Count:N0}"), new Text(Share(reason.Count, total)), new Text(examples));
        }
        console.Write(table);
    }

    private static string Share(long part, long whole) => $"{100.0 * part / whole:0.0} %";

    private static string Short(string? text)
    {
        if (text is null) return "–";
        string line = text.ReplaceLineEndings(" ").Trim();
        return PlainText.Of(line.Length <= LongestExample ? line : line[..(LongestExample - 1)] + "…", longest: int.MaxValue);
    }
}
