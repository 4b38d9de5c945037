namespace Distill.Runs;

/// <summary>
/// A stage did the part of its work that was asked for: its folder stays unfinished, nothing that reads from it can run yet, and
/// the same command without that request goes on where it stands.
/// </summary>
/// <param name="lines">What was done, for the user.</param>
/// <param name="option">Key of the option that asked for it.</param>
/// <param name="instead">The option to give in its place to go on; null for none.</param>
/// <param name="exitCode">Exit code of the process: 4 where another system has to do something first.</param>
public sealed class StagePausedException(IReadOnlyList<string> lines, string option, (string Key, string Value)? instead = null, int exitCode = 0) : Exception(lines[0])
{
    /// <summary>Exit code of a stage that waits for another system.</summary>
    public const int WaitsElsewhere = 4;

    /// <summary>What was done, for the user.</summary>
    public IReadOnlyList<string> Lines { get; } = lines;

    /// <summary>Key of the option that asked for it.</summary>
    public string Option { get; } = option;

    /// <summary>The option to give in its place to go on, or null.</summary>
    public (string Key, string Value)? Instead { get; } = instead;

    /// <summary>Exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;
}
