using Distill.Runs;
using Spectre.Console;

namespace Distill.Cli;

/// <summary>Says what went wrong: what and where, then how to fix it. Never a stack trace, unless asked for.</summary>
/// <param name="terminal">Where to say it.</param>
internal sealed class ErrorDisplay(Terminal terminal)
{
    private const string DebugVariable = "DISTILL_DEBUG";

    /// <summary>Shows the failure and gives the exit code that goes with it.</summary>
    public int Show(Exception failure)
    {
        switch (failure)
        {
            case InputException input:
                Show(input.Message, input.Hint);
                ShowStackIfAsked(failure);
                return input.ExitCode;
            case OperationCanceledException:
                terminal.Error.WriteLine("interrupted: run the same command again to go on");
                return ExitCode.Interrupted;
            case UnauthorizedAccessException:
                Show(FirstLine(failure.Message), "check its permissions, or choose another place");
                ShowStackIfAsked(failure);
                return ExitCode.UserError;
            default:
                Show($"unexpected: {failure.GetType().Name}: {FirstLine(failure.Message)}", ReportHint(failure));
                ShowStackIfAsked(failure);
                return ExitCode.Unexpected;
        }
    }

    /// <summary>Shows a message of one or more problems, one to a line.</summary>
    public void Show(string message, string? hint)
    {
        foreach (string line in message.Split('\n')) Line("error", "red", line);
        if (!string.IsNullOrEmpty(hint)) Line("hint", "blue", hint);
    }

    private void Line(string word, string colour, string text)
    {
        if (terminal.ErrorIsTerminal) terminal.RichError.Markup($"[bold {colour}]{word}:[/] ");
        else terminal.Error.Write($"{word}: ");
        terminal.Error.WriteLine(PlainText.Of(text, longest: int.MaxValue)); // plain: a path that wraps cannot be copied
    }

    private void ShowStackIfAsked(Exception failure)
    {
        if (IsDebugging) terminal.Error.WriteLine(failure);
    }

    private static string ReportHint(Exception failure)
    {
        if (IsDebugging) return "this is a mistake in distill; please report it with the lines below";
        try
        {
            string path = Path.Combine(Path.GetTempPath(), $"distill-crash-{Environment.ProcessId}.txt");
            AtomicFile.WriteText(path, $"distill {ToolVersion.Current}\n{Environment.CommandLine}\n\n{failure}\n");
            return $"this is a mistake in distill; please report it with {path}";
        }
        catch (Exception e) when (e is InputException or IOException)
        {
            return $"this is a mistake in distill; set {DebugVariable}=1 to see where";
        }
    }

    private static bool IsDebugging => Environment.GetEnvironmentVariable(DebugVariable) is not (null or "" or "0");

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
