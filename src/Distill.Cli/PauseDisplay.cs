using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>Says what a stage did that is not finished, and how to go on.</summary>
internal static class PauseDisplay
{
    /// <summary>Shows it and gives the exit code that goes with it.</summary>
    public static int Show(Terminal terminal, StagePausedException pause, string next)
    {
        foreach (string line in pause.Lines) terminal.Output.WriteLine(PlainText.Of(line, longest: int.MaxValue));
        terminal.Output.WriteLine($"next: {next}");
        return pause.ExitCode;
    }

    /// <summary>The command that goes on, as a shell takes it.</summary>
    public static string GoOn(StageKind kind, IEnumerable<OptionValue> values, StagePausedException pause)
    {
        List<string> words = [kind.Name];
        foreach (OptionValue value in values.Where(value => value.Key.Replace('-', '_') != pause.Option))
            words.AddRange(["--" + value.Key.Replace('_', '-'), .. value.Values.Select(Quote)]);
        if (pause.Instead is { } instead) words.AddRange(["--" + instead.Key.Replace('_', '-'), instead.Value]);
        return string.Join(' ', words);
    }

    private static string Quote(string word) => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=,@%+".Contains(letter))
        ? word : "'" + word.Replace("'", "'\\''") + "'";
}
