using System.CommandLine;
using System.CommandLine.Invocation;
using Distill.Cli.Chat;
using Distill.Cli.Curate;
using Distill.Cli.Doctor;
using Distill.Cli.Inspect;
using Distill.Cli.Plan;
using Distill.Cli.Teacher;
using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>All commands.</summary>
internal static class CommandTree
{
    public static RootCommand Create(Terminal terminal, TimeProvider time)
    {
        var root = new RootCommand("Distil a large reasoning model into small ones: traces, training set, student, GGUF and ONNX, scores.");
        foreach (Option option in root.Options)
        {
            if (option is VersionOption version) version.Action = new ShowVersion(terminal);
        }
        root.Subcommands.Add(RunCommand.Create(terminal, time));
        root.Subcommands.Add(ChatCommand.Create(terminal, time));
        root.Subcommands.Add(InspectCommand.Create(terminal));
        root.Subcommands.Add(VerifyCommand.Create(terminal, time));
        root.Subcommands.Add(DoctorCommand.Create(terminal));
        root.Subcommands.Add(PlanCommand.Create(terminal));
        root.Subcommands.Add(TeacherCommand.Create(terminal, time));
        foreach (StageKind kind in StageCatalog.All)
            root.Subcommands.Add(kind.Name == "curate" ? CurateCommand.Create(kind, terminal, time) : StageCommand.Create(kind, terminal, time));
        return root;
    }

    private sealed class ShowVersion(Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            terminal.Output.WriteLine($"distill {ToolVersion.Current}");
            return ExitCode.Success;
        }
    }
}
