using System.Globalization;
using System.Text;
using Distill.Verification.Sandboxing;

namespace Distill.Verification.Code;

/// <summary>
/// Runs a program against inputs and expected outputs: a real process with real standard input for each test. Expected outputs never enter
/// the sandbox of the program; they are compared here, or by the problem's checker in a sandbox of its own.
/// </summary>
internal sealed class StreamTests(Sandbox sandbox, PythonInterpreter python)
{
    private const int LeastOutput = 1 << 20;

    /// <summary>Runs the tests up to the first that fails.</summary>
    /// <param name="program">What starts the program, without its input.</param>
    /// <param name="limits">What the language adds to the tests' limits.</param>
    /// <param name="tests">The tests.</param>
    /// <param name="cancellation">Ends the program under way.</param>
    public CodeReport Run(SandboxTask program, SandboxLimits limits, CodeTests tests, CancellationToken cancellation)
    {
        int passed = 0;
        foreach (StreamTest test in tests.Streams)
        {
            CodeReport report = Run(program, limits, tests, test, cancellation);
            if (report.End != TestEnd.Passed) return report with { Passed = passed };
            passed++;
        }
        return new CodeReport(TestEnd.Passed, passed);
    }

    private CodeReport Run(SandboxTask program, SandboxLimits limits, CodeTests tests, StreamTest test, CancellationToken cancellation)
    {
        SandboxTask task = tests.InFiles ? WithFiles(program, test.Input) : program with { Input = Encoding.UTF8.GetBytes(test.Input) };
        SandboxResult result = sandbox.Run(task, limits with { OutputBytes = Math.Max(LeastOutput, 2 * Encoding.UTF8.GetByteCount(test.Output)) }, cancellation);
        string? said = DriverTests.LastLine(result.ErrorText);
        switch (result.End)
        {
            case SandboxEnd.SandboxFailed: return new(TestEnd.SandboxError, Detail: said);
            case SandboxEnd.CpuLimit: return new(TestEnd.TimeLimit);
            case SandboxEnd.ClockLimit: return new(TestEnd.TimeLimit) { ByClock = true };
            case SandboxEnd.MemoryLimit: return new(TestEnd.MemoryLimit);
            case SandboxEnd.OutputLimit: return new(TestEnd.OutputLimit);
        }
        if (result.ExitCode != 0) return new(EndOf(said), Detail: said ?? $"exit code {result.ExitCode.ToString(CultureInfo.InvariantCulture)}");
        return tests.Checker is { } checker ? Check(checker, test, result.Output, cancellation)
            : OutputText.Matches(result.OutputText, test.Output, tests.Comparison) ? new(TestEnd.Passed)
            : new(TestEnd.WrongAnswer, Detail: $"expected {Shorten(test.Output)}, got {Shorten(result.OutputText)}");
    }

    private static TestEnd EndOf(string? lastWords) => lastWords?.Split(':')[0] switch
    {
        "MemoryError" => TestEnd.MemoryLimit,
        "SyntaxError" or "IndentationError" or "TabError" => TestEnd.CompileError,
        _ => TestEnd.RuntimeError,
    };

    // The checker is as little trusted as the program, and sees its output only as a file.
    private CodeReport Check(string checker, StreamTest test, ReadOnlyMemory<byte> output, CancellationToken cancellation)
    {
        SandboxResult result = sandbox.Run(new SandboxTask
        {
            Command = [.. python.Command("/job/checker.py"), "/job/input.txt", "/job/expected.txt", "/job/output.txt"],
            ReadOnlyFolders = python.Folders,
            Files = [("checker.py", Encoding.UTF8.GetBytes(checker)), ("input.txt", Encoding.UTF8.GetBytes(test.Input)), ("expected.txt", Encoding.UTF8.GetBytes(test.Output)), ("output.txt", output)],
        }, new SandboxLimits(), cancellation);
        if (result.End == SandboxEnd.SandboxFailed) return new(TestEnd.SandboxError, Detail: DriverTests.LastLine(result.ErrorText));
        string? score = DriverTests.LastLine(result.OutputText);
        if (result.End != SandboxEnd.Exited || result.ExitCode != 0 || !double.TryParse(score, CultureInfo.InvariantCulture, out double points))
            return new(TestEnd.CheckerError, Detail: DriverTests.LastLine(result.ErrorText));
        return points >= 1 ? new(TestEnd.Passed) : new(TestEnd.WrongAnswer, Detail: $"the checker gave {score}");
    }

    private static SandboxTask WithFiles(SandboxTask program, string input) => program with
    {
        Command = ["/bin/sh", "-c", "cp /job/input.txt input.txt && chmod u+w input.txt && \"$@\" >/dev/null && cat output.txt", "sh", .. program.Command],
        Files = [.. program.Files, ("input.txt", Encoding.UTF8.GetBytes(input))],
    };

    private static string Shorten(string text)
    {
        const int Longest = 60;
        string line = text.Trim().ReplaceLineEndings("⏎");
        return line.Length <= Longest ? $"`{line}`" : $"`{line[..Longest]}…`";
    }
}
