using System.ComponentModel;
using System.Diagnostics;

namespace Distill.CliTests;

/// <summary>A disk that fails at a chosen moment: strace answers the program's calls in its place.</summary>
internal static class FailingDisk
{
    /// <summary>Whether this machine has strace and lets it answer.</summary>
    public static bool IsPossible { get; } = OperatingSystem.IsLinux() && Try();

    /// <summary>What goes before a program so that calls fail.</summary>
    /// <param name="call">Name of the system call.</param>
    /// <param name="error">Name of the error, e.g. <c>ENOSPC</c>.</param>
    /// <param name="number">Number of the first call that fails, from 1; so do all after it.</param>
    public static string[] From(string call, string error, int number) =>
        ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "calls", "-e", $"trace={call}", "-e", $"inject={call}:error={error}:when={number}+"];

    private static bool Try()
    {
        try
        {
            string[] probe = From("fsync", "EIO", 1);
            probe[Array.IndexOf(probe, "calls")] = "/dev/null";
            using var process = Process.Start(probe[0], [.. probe[1..], "true"]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
