using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Distill.CliTests;

/// <summary>What a finished process left.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error, TimeSpan Elapsed);

/// <summary>The real program in a process of its own, as a user starts it.</summary>
internal sealed class CliProcess : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly StringBuilder _output = new(), _error = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private CliProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static string Root { get; } = FindRoot();

    public static string Program { get; } = FindProgram();

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written to standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error) return _error.ToString();
        }
    }

    /// <summary>What it has written to standard output so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public static CliResult Run(string folder, params string[] arguments)
    {
        using CliProcess process = Start(folder, arguments);
        return process.Wait();
    }

    public static CliProcess Start(string folder, params string[] arguments) => Start(folder, [], arguments);

    /// <summary>Starts the program, by way of another one if <paramref name="wrapper"/> names it.</summary>
    public static CliProcess Start(string folder, IReadOnlyList<string> wrapper, IReadOnlyList<string> arguments, params (string Name, string Value)[] variables)
    {
        // A test run that was started in the background has SIGINT ignored, and its children inherit that.
        string[] signals = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT"] : [];
        string[] line = [.. wrapper, .. signals, "dotnet", Program, .. arguments];
        return StartProgram(folder, line[0], line[1..], variables);
    }

    /// <summary>Starts any program, with the same surroundings.</summary>
    public static CliProcess StartProgram(string folder, string program, IReadOnlyList<string> arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("DISTILL_DEBUG");
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DISTILL_CACHE"] = Path.Combine(folder, ".cache");
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var process = new CliProcess(Process.Start(start)!);
        process._process.StandardInput.Close();
        return process;
    }

    public CliResult Wait()
    {
        if (!_process.WaitForExit(Longest))
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {Longest}: {Error}");
        }
        _process.WaitForExit(); // the streams' last lines
        return new CliResult(_process.ExitCode, _output.ToString(), _error.ToString(), _clock.Elapsed);
    }

    /// <summary>Ends it at once, as a power cut would.</summary>
    public void Kill()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to stop, as Ctrl-C does (2) or a service manager (15).</summary>
    public void Signal(int signal) => Signal(_process.Id, signal);

    /// <summary>The same, unless it has ended.</summary>
    public bool TrySignal(int signal) => !_process.HasExited && kill(_process.Id, signal) == 0;

    /// <summary>Whether it stands still, as signal 19 makes it.</summary>
    public bool StandsStill => File.ReadAllText($"/proc/{_process.Id}/stat").Contains(") T ", StringComparison.Ordinal);

    /// <summary>Asks any process to stop.</summary>
    public static void Signal(int process, int signal)
    {
        if (kill(process, signal) != 0) throw new InvalidOperationException($"signal {signal} could not be sent");
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line == null) return;
        lock (text) text.Append(line).Append('\n');
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder != null && !File.Exists(Path.Combine(folder.FullName, "Distill.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("these tests run from a clone");
    }

    private static string FindProgram()
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name; // …/bin/Release/net10.0/
        string path = Path.Combine(Root, "src", "Distill.Cli", "bin", configuration, "net10.0", "distill.dll");
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is not built");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}
