namespace Distill.Verification.Sandboxing;

/// <summary>How much one program in the sandbox may use. Beyond any of these it is ended.</summary>
public sealed record SandboxLimits
{
    /// <summary>Processor time of each process.</summary>
    public TimeSpan CpuTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Memory of all its processes together, in bytes.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Whether each process's address space is bounded too, so that it learns of the limit instead of being killed. Off for
    /// runtimes that reserve far more than they use, such as .NET.
    /// </summary>
    public bool BoundAddressSpace { get; init; } = true;

    /// <summary>Processes and threads at the same time.</summary>
    public int Processes { get; init; } = 64;

    /// <summary>Bytes of one file, and of all files in its <c>/tmp</c> together.</summary>
    public long ScratchBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of standard output; more ends the program.</summary>
    public int OutputBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of standard error that are kept; the rest is read and thrown away.</summary>
    public int ErrorBytes { get; init; } = 64 << 10;

    /// <summary>Open files of each process.</summary>
    public int OpenFiles { get; init; } = 64;

    /// <summary>Time from start to end on the wall clock: a program that sleeps or waits uses no processor time.</summary>
    public TimeSpan WallTime => CpuTime * 2 + TimeSpan.FromSeconds(1);
}
