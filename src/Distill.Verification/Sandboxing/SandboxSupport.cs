using System.Text;

namespace Distill.Verification.Sandboxing;

/// <summary>Whether this machine can run untrusted programs, found out by doing it once.</summary>
public sealed record SandboxSupport
{
    private static readonly Lazy<SandboxSupport> OfThisMachine = new(Look);

    // What the self-test prints when it sees what it should: arithmetic works, the network does not.
    private const string SelfTest = """
        import _socket, os
        try:
            _socket.socket()
            network = "open"
        except PermissionError:
            network = "closed"
        print(sum(range(10)), network, os.getpid() < 10)
        """;

    private const string SelfTestOutput = "45 closed True";

    /// <summary>The sandbox, or null when there is none here.</summary>
    public Sandbox? Sandbox { get; private init; }

    /// <summary>The Python for candidates, or null.</summary>
    public PythonInterpreter? Python { get; private init; }

    /// <summary>What is missing, or null.</summary>
    public string? Missing { get; private init; }

    /// <summary>How to get it.</summary>
    public string? Hint { get; private init; }

    /// <summary>What was found; looked for once in the life of the process.</summary>
    public static SandboxSupport Current => OfThisMachine.Value;

    private static SandboxSupport Look()
    {
        if (!OperatingSystem.IsLinux()) return Without("sandboxes need Linux", "verify code on a Linux machine, in WSL 2 or in a virtual machine");
        if (!SeccompFilter.IsSupported) return Without("no system call filter is known for this processor", "verify code on an x64 or arm64 machine");
        if (Bubblewrap.Find(out string? missing) is not { } bubblewrap)
            return Without($"{missing} is not installed", "apt-get install bubblewrap util-linux, or your system's packages of these names");
        if (PythonInterpreter.Find() is not { } python) return Without("python3 is not installed", "apt-get install python3");
        var sandbox = new Sandbox(bubblewrap);
        SandboxResult result = sandbox.Run(new SandboxTask
        {
            Command = python.Command("/job/main.py"),
            ReadOnlyFolders = python.Folders,
            Files = [("main.py", Encoding.UTF8.GetBytes(SelfTest))],
        }, new SandboxLimits());
        if (result.End == SandboxEnd.Exited && result.ExitCode == 0 && result.OutputText.Trim() == SelfTestOutput)
            return new SandboxSupport { Sandbox = sandbox, Python = python };
        string said = result.ErrorText.Trim().Split('\n')[^1];
        return Without($"bubblewrap does not work here: {(said.Length > 0 ? said : result.OutputText.Trim())}",
            "allow unprivileged user namespaces: on Ubuntu give /usr/bin/bwrap an AppArmor profile with `userns`, in Docker use --security-opt seccomp=unconfined");
    }

    private static SandboxSupport Without(string missing, string hint) => new() { Missing = missing, Hint = hint };
}
