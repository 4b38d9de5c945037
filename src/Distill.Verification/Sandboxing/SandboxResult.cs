using System.Text;

namespace Distill.Verification.Sandboxing;

/// <summary>How a program in the sandbox ended.</summary>
public enum SandboxEnd
{
    /// <summary>By itself, with an exit code; 128 and more say which signal killed it.</summary>
    Exited,

    /// <summary>It used too much processor time and was ended.</summary>
    CpuLimit,

    /// <summary>It was not done in time and was ended.</summary>
    ClockLimit,

    /// <summary>Its processes held too much memory together and were ended.</summary>
    MemoryLimit,

    /// <summary>It wrote too much to standard output and was ended.</summary>
    OutputLimit,

    /// <summary>The sandbox itself did not work; nothing is known about the program.</summary>
    SandboxFailed,
}

/// <summary>What a program in the sandbox did.</summary>
/// <param name="End">How it ended.</param>
/// <param name="ExitCode">Its exit code; meaningful when it exited.</param>
/// <param name="Output">Standard output, cut at the limit.</param>
/// <param name="Error">Standard error, cut at the limit.</param>
/// <param name="Elapsed">Time on the wall clock.</param>
public sealed record SandboxResult(SandboxEnd End, int ExitCode, ReadOnlyMemory<byte> Output, ReadOnlyMemory<byte> Error, TimeSpan Elapsed)
{
    /// <summary>Standard error as text.</summary>
    public string ErrorText => Encoding.UTF8.GetString(Error.Span);

    /// <summary>Standard output as text.</summary>
    public string OutputText => Encoding.UTF8.GetString(Output.Span);
}
