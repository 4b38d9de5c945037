using System.Diagnostics;

namespace Distill.Verification.Sandboxing;

/// <summary>The Python that runs candidates.</summary>
/// <param name="Path">The interpreter.</param>
/// <param name="Folders">Folders outside <c>/usr</c> that it needs.</param>
public sealed record PythonInterpreter(string Path, IReadOnlyList<string> Folders)
{
    /// <summary>
    /// Command line of a program: isolated from the environment and the working folder (<c>-I</c>), without site packages
    /// (<c>-S</c>), in UTF-8.
    /// </summary>
    public IReadOnlyList<string> Command(string program) => [Path, "-I", "-S", "-B", "-X", "utf8", program];

    /// <summary>The system's Python, or the first of <c>PATH</c>; null when there is none.</summary>
    public static PythonInterpreter? Find() => Executables.FindAll("python3").Select(Ask).FirstOrDefault(found => found is not null);

    // Version managers put scripts in place of interpreters: the interpreter itself says where it is.
    private static PythonInterpreter? Ask(string path)
    {
        if (path.StartsWith("/usr/", StringComparison.Ordinal) && File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName.StartsWith("/usr/", StringComparison.Ordinal) != false)
            return new PythonInterpreter(path, []);
        try
        {
            using Process? process = Process.Start(new ProcessStartInfo(path, ["-I", "-c", "import os,sys; print(os.path.realpath(sys.executable)); print(sys.base_prefix)"]) { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null) return null;
            string[] lines = process.StandardOutput.ReadToEnd().Split('\n');
            if (!process.WaitForExit(TimeSpan.FromSeconds(30)) || process.ExitCode != 0 || lines.Length < 2) return null;
            return new PythonInterpreter(lines[0], lines[1].StartsWith("/usr", StringComparison.Ordinal) ? [] : [lines[1]]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
