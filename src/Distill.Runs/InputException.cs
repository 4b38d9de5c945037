namespace Distill.Runs;

/// <summary>
/// The user's input cannot be used: one line that says what is wrong and where, one that says how to fix it.
/// The command line prints exactly these two lines and no stack trace.
/// </summary>
/// <param name="message">What is wrong and where, as <c>file:line: what</c> when a file is to blame.</param>
/// <param name="hint">How to fix it; printed after <c>hint:</c>.</param>
/// <param name="exitCode">Process exit code: 1 for input, 3 for refused credentials, <see cref="HandedOver"/> for a job that waits.</param>
/// <param name="inner">The exception that revealed it, kept for debugging only.</param>
public sealed class InputException(string message, string? hint = null, int exitCode = 1, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Exit code when a job was written that another system must start.</summary>
    public const int HandedOver = 4;

    /// <summary>How to fix it, or null when the message says it all.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Process exit code that the command line ends with.</summary>
    public int ExitCode { get; } = exitCode;
}
