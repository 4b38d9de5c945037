using System.CommandLine;
using System.CommandLine.Parsing;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>Turns what the parser did not understand into the same two lines as every other error.</summary>
internal static class ParseProblems
{
    /// <summary>Shows what is wrong with the command line; false when nothing is.</summary>
    public static bool Show(ParseResult parsed, ErrorDisplay errors)
    {
        string[] flags = [.. Swallowed(parsed.CommandResult)];
        if (parsed.Errors.Count == 0 && flags.Length == 0) return false;
        Command command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult);
        string[] unknown = flags.Length > 0 ? flags : Telling(parsed.UnmatchedTokens);
        foreach (string token in unknown)
        {
            string[] known = token.StartsWith('-') ? [.. command.Options.Where(option => !option.Hidden).Select(option => option.Name)]
                : [.. command.Subcommands.Select(sub => sub.Name)];
            string hint = NearestName.Find(token.Split('=')[0], known) is { } nearest ? $"did you mean `{nearest}`?" : $"see `{path} --help`";
            errors.Show($"{path}: `{token}` is unknown", hint);
        }
        if (unknown.Length == 0)
            foreach (ParseError error in parsed.Errors) Show(error, path, command, errors);
        return true;
    }

    private static void Show(ParseError error, string path, Command command, ErrorDisplay errors)
    {
        bool isMissing = error.Message.StartsWith("Required argument missing", StringComparison.Ordinal);
        var (what, hint) = error.SymbolResult switch
        {
            ArgumentResult { Argument: { } argument } when isMissing => ($"<{argument.HelpName ?? argument.Name}> is missing", $"write `{path} <{argument.HelpName ?? argument.Name}>`: {argument.Description}"),
            OptionResult { Option: { } option } when isMissing => ($"`{option.Name}` has no value", $"write `{option.Name} {option.HelpName ?? "VALUE"}`: {option.Description}"),
            CommandResult when command.Subcommands.Count > 0 => ("does nothing by itself", $"choose from {string.Join(", ", command.Subcommands.Select(sub => $"`{path} {sub.Name}`"))}"),
            _ => (error.Message.TrimEnd('.'), $"see `{path} --help`"),
        };
        errors.Show($"{path}: {what}", hint);
    }

    // A misspelt flag before the argument, or behind the values of a list, would otherwise pass for one of them.
    private static IEnumerable<string> Swallowed(CommandResult command) => command.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
        .Concat(command.Children.OfType<OptionResult>().Where(result => result.Option.AllowMultipleArgumentsPerToken).SelectMany(result => result.Tokens))
        .Select(token => token.Value).Where(value => value.StartsWith("--", StringComparison.Ordinal));

    // Behind an unknown command nothing can be understood, and a word behind an unknown flag is its value.
    private static string[] Telling(IReadOnlyList<string> unmatched)
    {
        string[] flags = [.. unmatched.Where(token => token.StartsWith('-'))];
        return flags.Length == 0 || !unmatched[0].StartsWith('-') ? [.. unmatched.Take(1)] : flags;
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : "distill";
}
