using System.Text.Json;

namespace Distill.Verification.Code;

/// <summary>Input and expected output of a program.</summary>
internal sealed record StreamTest(string Input, string Output);

/// <summary>Arguments of a function and its expected result, as JSON.</summary>
internal sealed record CallTest(IReadOnlyList<JsonElement> Arguments, JsonElement Expected);

/// <summary>The tests of one problem, of one of three shapes: streams, assertions or calls.</summary>
internal sealed record CodeTests
{
    /// <summary>Standard input and expected standard output.</summary>
    public IReadOnlyList<StreamTest> Streams { get; init; } = [];

    /// <summary>Python statements that fail when the program is wrong.</summary>
    public IReadOnlyList<string> Assertions { get; init; } = [];

    /// <summary>Python that stands before the assertions.</summary>
    public string Setup { get; init; } = "";

    /// <summary>Calls of <see cref="EntryPoint"/>.</summary>
    public IReadOnlyList<CallTest> Calls { get; init; } = [];

    /// <summary>The function that is tested: what <c>check</c> of the assertions receives, or what calls go to, a method of <c>Solution</c> where there is one.</summary>
    public string? EntryPoint { get; init; }

    /// <summary>Whether an expected result may stand in a list of one, as in APPS.</summary>
    public bool Wrapped { get; init; }

    /// <summary>The beginning of the program that the prompt gives: imports, helper functions, the signature.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>When an output counts as the expected one.</summary>
    public OutputComparison Comparison { get; init; } = OutputComparison.Lines;

    /// <summary>Python that judges an output where several are right; its arguments are files with input, expected output and output.</summary>
    public string? Checker { get; init; }

    /// <summary>Whether input and output are <c>input.txt</c> and <c>output.txt</c> in the working folder.</summary>
    public bool InFiles { get; init; }

    /// <summary>Processor time of one test.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Memory of one test, in bytes.</summary>
    public long MemoryLimit { get; init; } = 1L << 30;

    /// <summary>The language of the program.</summary>
    public CodeLanguage Language { get; init; } = CodeLanguage.Python;

    /// <summary>Number of tests.</summary>
    public int Count => Streams.Count + Assertions.Count + Calls.Count;
}
