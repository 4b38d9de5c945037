namespace Distill.Verification.Sandboxing;

/// <summary>One program to run in the sandbox.</summary>
public sealed record SandboxTask
{
    /// <summary>The program and its arguments, as paths inside the sandbox.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Files to place in <c>/job</c>, read-only: name and content. Five at most.</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> Files { get; init; } = [];

    /// <summary>Standard input.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Environment beside <c>PATH</c>; nothing of our own environment is passed on.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Folders outside <c>/usr</c> that the program reads, e.g. where an interpreter is installed.</summary>
    public IReadOnlyList<string> ReadOnlyFolders { get; init; } = [];

    /// <summary>
    /// Whether the program's processes must not see each other: no <c>/proc</c>, and the first process is the namespace's init, which
    /// nothing inside can kill.
    /// </summary>
    public bool Secretive { get; init; }
}
