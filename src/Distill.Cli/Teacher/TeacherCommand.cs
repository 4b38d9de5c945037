using System.CommandLine;
using Distill.Runs;
using Distill.Serving;

namespace Distill.Cli.Teacher;

/// <summary><c>distill teacher</c>: what has to do with the teacher before it is asked anything.</summary>
internal static class TeacherCommand
{
    public static Command Create(Terminal terminal, TimeProvider time) => new("teacher", "Run a teacher: the full R1 on vLLM or SGLang.") { Serve(terminal, time) };

    private static Command Serve(Terminal terminal, TimeProvider time)
    {
        OptionSet set = OptionSet.Of<TeacherServeOptions>();
        var command = new Command("serve", "Serve the full R1: start an engine here and look after it, or write the job or manifest that starts it elsewhere.");
        (StageOption Option, Option<string[]> Flag)[] flags = [.. set.Options.Select(option => (option, StageCommand.Flag(option)))];
        foreach (var (_, flag) in flags) command.Options.Add(flag);
        var dryRun = new Option<bool>("--dry-run") { Description = "print every file and command line, write and start nothing" };
        command.Options.Add(dryRun);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = set.Bind<TeacherServeOptions>("teacher serve", null, StageCommand.ValuesOf(flags, parsed));
            if (parsed.GetValue(dryRun))
            {
                ShowFiles(terminal, options);
                return ExitCode.Success;
            }
            using var display = new ProgressDisplay(terminal, time);
            await TeacherServe.RunAsync(options, display, line => Announce(terminal, display, line), time, cancellation);
            return ExitCode.Success;
        });
        return command;
    }

    private static void ShowFiles(Terminal terminal, TeacherServeOptions options)
    {
        foreach ((string name, string text) in TeacherServe.DryRun(options))
        {
            terminal.Title($"# {name}");
            terminal.Output.WriteLine(text);
        }
    }

    private static void Announce(Terminal terminal, ProgressDisplay display, string line)
    {
        display.Settle("✓", "green", "ready: it has produced a token");
        terminal.Output.WriteLine(line);
        terminal.Output.Flush();
    }
}
