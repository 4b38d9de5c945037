using System.Globalization;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// The command that starts a program in the sandbox: a shell opens the descriptors, <c>setpriv</c> gives up root, <c>bwrap</c>
/// builds the namespaces, <c>prlimit</c> sets the limits inside them and starts the program.
/// </summary>
internal sealed class Bubblewrap
{
    private const string Shell = "/bin/sh";
    private const int StatusDescriptor = 3, FirstFileDescriptor = 4, FilterDescriptor = 9;

    /// <summary>Most files of one task: a POSIX shell opens descriptors of one digit only.</summary>
    public const int MostFiles = FilterDescriptor - FirstFileDescriptor;

    private readonly string _bubblewrap, _limiter;
    private readonly string? _privilegeDropper;
    private readonly string[] _systemFolders;

    private Bubblewrap(string bubblewrap, string limiter, string? privilegeDropper)
    {
        (_bubblewrap, _limiter, _privilegeDropper) = (bubblewrap, limiter, privilegeDropper);
        _systemFolders = [.. SystemFolders()];
    }

    /// <summary>Whether we are root and have to become somebody else: <c>RLIMIT_NPROC</c> does not bind root, whatever the namespace says.</summary>
    public bool DropsPrivileges => _privilegeDropper is not null;

    /// <summary>Finds the programs it needs; null and the name of the one that is missing otherwise.</summary>
    public static Bubblewrap? Find(out string? missing)
    {
        missing = null;
        string? bubblewrap = Executables.Find("bwrap"), limiter = Executables.Find("prlimit"), dropper = Environment.IsPrivilegedProcess ? Executables.Find("setpriv") : null;
        if (bubblewrap is null) missing = "bwrap (package bubblewrap)";
        else if (limiter is null) missing = "prlimit (package util-linux)";
        else if (Environment.IsPrivilegedProcess && dropper is null) missing = "setpriv (package util-linux)";
        else if (!File.Exists(Shell)) missing = Shell;
        return missing is null ? new Bubblewrap(bubblewrap!, limiter!, dropper) : null;
    }

    /// <summary>The program to start, and its arguments.</summary>
    /// <param name="task">What runs inside.</param>
    /// <param name="limits">How much it may use.</param>
    /// <param name="user">Number of the user to become, when we are root.</param>
    /// <param name="filter">File with the system call filter.</param>
    /// <param name="status">File that receives the sandbox's own account of how it went.</param>
    /// <param name="files">The task's files, where they lie outside, in the task's order.</param>
    public (string Program, IReadOnlyList<string> Arguments) Command(SandboxTask task, SandboxLimits limits, int user, string filter, string status, IReadOnlyList<string> files)
    {
        // The shell opens everything as the user that we are, so nothing outside needs to be readable for the program's user.
        var script = new List<string> { $"{FilterDescriptor}<\"$1\"", $"{StatusDescriptor}>\"$2\"" };
        for (int i = 0; i < files.Count; i++) script.Add($"{FirstFileDescriptor + i}<\"${i + 3}\"");
        var arguments = new List<string> { "-c", $"exec {string.Join(' ', script)}; shift {files.Count + 2}; exec \"$@\"", "sandbox", filter, status };
        arguments.AddRange(files);
        if (_privilegeDropper is not null) arguments.AddRange([_privilegeDropper, "--reuid", Text(user), "--regid", Text(user), "--clear-groups", "--"]);
        arguments.AddRange([_bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin"]);
        foreach ((string name, string value) in task.Environment) arguments.AddRange(["--setenv", name, value]);
        arguments.AddRange(_systemFolders);
        foreach (string folder in task.ReadOnlyFolders) arguments.AddRange(["--ro-bind", folder, folder]);
        if (task.Secretive) arguments.Add("--as-pid-1");
        else arguments.AddRange(["--proc", "/proc"]);
        string scratch = Text(limits.ScratchBytes);
        arguments.AddRange(["--dev", "/dev", "--size", scratch, "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--size", scratch, "--tmpfs", "/tmp", "--chdir", "/tmp"]);
        for (int i = 0; i < files.Count; i++) arguments.AddRange(["--perms", "0444", "--file", Text(FirstFileDescriptor + i), "/job/" + task.Files[i].Name]);
        arguments.AddRange(["--remount-ro", "/", "--seccomp", Text(FilterDescriptor), "--json-status-fd", Text(StatusDescriptor), "--", _limiter]);
        arguments.AddRange(Limits(limits));
        arguments.Add("--");
        arguments.AddRange(task.Command);
        return (Shell, arguments);
    }

    private static IEnumerable<string> Limits(SandboxLimits limits)
    {
        long seconds = Math.Max(1, (long)Math.Ceiling(limits.CpuTime.TotalSeconds));
        yield return $"--cpu={seconds}:{seconds + 1}"; // first a signal that tells why, then death
        yield return $"--nproc={limits.Processes}";
        yield return $"--nofile={limits.OpenFiles}";
        yield return $"--fsize={limits.ScratchBytes}";
        yield return "--core=0";
        if (limits.BoundAddressSpace) yield return $"--as={limits.MemoryBytes}";
    }

    // /bin, /lib and their like are links into /usr on most systems, and folders on the others.
    private static IEnumerable<string> SystemFolders()
    {
        foreach (string argument in new[] { "--ro-bind", "/usr", "/usr" }) yield return argument;
        foreach (string folder in new[] { "/bin", "/sbin", "/lib", "/lib32", "/lib64" })
        {
            var directory = new DirectoryInfo(folder);
            if (!directory.Exists) continue;
            string[] arguments = directory.LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind", folder, folder];
            foreach (string argument in arguments) yield return argument;
        }
        foreach (string argument in new[] { "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives" }) yield return argument;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
