namespace Distill.Runs;

/// <summary>One value given by the user for an option, not yet converted.</summary>
/// <param name="Key">Name of the option as the user wrote it, without leading dashes; snake_case and kebab-case are the same.</param>
/// <param name="Values">What was given: one text for a scalar, any number for a list, none for a bare flag or a YAML null.</param>
/// <param name="Source">Where it was given: <c>file:line</c>, or the flag with its dashes.</param>
public sealed record OptionValue(string Key, IReadOnlyList<string> Values, string Source)
{
    /// <summary>Whether the value came from the command line and not from a file.</summary>
    public bool IsFlag => Source.StartsWith("--", StringComparison.Ordinal);

    /// <summary>The start of a message about this value: its file and line with the key, or its flag.</summary>
    public string Place => IsFlag ? $"`{Source}`" : $"{Source}: key `{Key}`";
}
