using System.CommandLine;
using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>The command of one stage. Its flags are the options of the stage's record, so a new option needs no line here.</summary>
internal static class StageCommand
{
    private const int LongestValueName = 48;

    public static Command Create(StageKind kind, Terminal terminal, TimeProvider time)
    {
        var command = new Command(kind.Name, kind.Description);
        var flags = new List<(StageOption Option, Option<string[]> Flag)>();
        foreach (StageOption option in kind.Options.Options)
        {
            Option<string[]> flag = Flag(option);
            flags.Add((option, flag));
            command.Options.Add(flag);
        }
        Argument<string?>? argument = Argument(kind, command);
        var replace = new Option<bool>("--replace", "--force") { Description = "replace what `--out` holds if it was made with other options or inputs" };
        command.Options.Add(replace);
        command.SetAction(async (parsed, cancellation) =>
        {
            OptionValue[] values = ValuesOf(flags, parsed);
            if (argument != null && parsed.GetValue(argument) is { } word) values = [Named(argument.Name, word), .. values];
            using var display = new ProgressDisplay(terminal, time);
            RunManifest manifest;
            bool wasDone;
            try
            {
                (manifest, wasDone) = await StageRun.RunAloneAsync(kind, values, parsed.GetValue(replace), display, time, cancellation);
            }
            catch (StagePausedException pause)
            {
                display.Settle("‖", "yellow", $"{kind.Name}: paused");
                return PauseDisplay.Show(terminal, pause, $"distill {PauseDisplay.GoOn(kind, values, pause)}");
            }
            display.Settle(wasDone ? "=" : "✓", "green", wasDone ? $"{kind.Name}: already done" : $"{kind.Name}: done in {DurationText.Of(TimeSpan.FromSeconds(manifest.Seconds))}");
            StageResultDisplay.Show(terminal, kind, Path.TrimEndingDirectorySeparator(OutOf(flags, parsed)), manifest);
            return ExitCode.Success;
        });
        return command;
    }

    // The option that may also stand by itself: `export model` is `export --model model`.
    private static Argument<string?>? Argument(StageKind kind, Command command)
    {
        if (kind.Options.Options.FirstOrDefault(option => option.IsArgument) is not { } option) return null;
        var argument = new Argument<string?>(option.Key) { Description = $"the same as `{option.Flag}`", Arity = ArgumentArity.ZeroOrOne };
        command.Arguments.Add(argument);
        return argument;
    }

    private static string OutOf(IEnumerable<(StageOption Option, Option<string[]> Flag)> flags, ParseResult parsed) =>
        parsed.GetValue(flags.Single(entry => entry.Option.Key == "out").Flag)![^1];

    private static OptionValue Named(string key, string value) => new(key, [value], "--" + key.Replace('_', '-'));

    /// <summary>What the user gave on the command line.</summary>
    public static OptionValue[] ValuesOf(IEnumerable<(StageOption Option, Option<string[]> Flag)> flags, ParseResult parsed) => [.. flags
        .Where(entry => parsed.GetResult(entry.Flag) is { Implicit: false })
        .Select(entry => new OptionValue(entry.Option.Flag[2..], parsed.GetValue(entry.Flag) ?? [], entry.Option.Flag))];

    /// <summary>The flag of an option.</summary>
    /// <param name="option">The option.</param>
    /// <param name="optional">Whether the command does without it even where the option is required.</param>
    public static Option<string[]> Flag(StageOption option, bool optional = false)
    {
        string note = option.Required && !optional ? " (required)" : option.DefaultText is "" or "false" ? "" : $" (default: {option.DefaultText})";
        bool isLong = option.ValueName.Length > LongestValueName; // a wide first column leaves no room for the second
        return new Option<string[]>(option.Flag)
        {
            Description = option.Description.TrimEnd('.') + (isLong ? $": {string.Join(", ", option.AcceptedValues)}" : "") + note,
            HelpName = option.IsSwitch ? "true|false" : isLong ? "WORD" : option.ValueName,
            Arity = option.IsList ? ArgumentArity.OneOrMore : option.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            AllowMultipleArgumentsPerToken = option.IsList,
            CustomParser = result => [.. result.Tokens.Select(token => token.Value)], // OptionSet converts, with its own messages
        };
    }
}
