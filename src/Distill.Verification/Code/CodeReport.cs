using System.Text.Json;

namespace Distill.Verification.Code;

/// <summary>How a program's tests ended.</summary>
internal enum TestEnd
{
    /// <summary>Every test passed.</summary>
    Passed,

    /// <summary>A test failed.</summary>
    WrongAnswer,

    /// <summary>It took too long.</summary>
    TimeLimit,

    /// <summary>It took too much memory.</summary>
    MemoryLimit,

    /// <summary>It wrote too much.</summary>
    OutputLimit,

    /// <summary>It ended with an exception, an exit code or a signal, or does not define what is tested.</summary>
    RuntimeError,

    /// <summary>It is not a program of its language.</summary>
    CompileError,

    /// <summary>The problem's own checker failed.</summary>
    CheckerError,

    /// <summary>The tests are not valid.</summary>
    BadTests,

    /// <summary>The language's compiler is not on this machine.</summary>
    NoCompiler,

    /// <summary>The sandbox failed twice.</summary>
    SandboxError,
}

/// <summary>What running a program against its tests gave.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Passed">Tests that passed before the end.</param>
/// <param name="Detail">What the program or the tests said, in one line, or null.</param>
internal sealed record CodeReport(TestEnd End, int Passed = 0, string? Detail = null)
{
    /// <summary>Whether a missed time limit may be the machine's fault: the program waited more than it computed.</summary>
    public bool ByClock { get; init; }

    /// <summary>The end as a reason of a verdict, e.g. <c>wrong_answer</c>.</summary>
    public string Reason => End == TestEnd.Passed ? "tests_passed" : JsonNamingPolicy.SnakeCaseLower.ConvertName(End.ToString());

    /// <summary>What the end says about the program: nothing where the fault is ours or the data's.</summary>
    public Outcome Outcome => End switch
    {
        TestEnd.Passed => Outcome.Correct,
        TestEnd.CheckerError or TestEnd.BadTests or TestEnd.NoCompiler or TestEnd.SandboxError => Outcome.Unverifiable,
        _ => Outcome.Incorrect,
    };
}
