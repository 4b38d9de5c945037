using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification.Sandboxing;

namespace Distill.Verification.Code;

/// <summary>
/// Judges programs by running them against the prompt's tests in a sandbox. Without a sandbox every program is unverifiable: none is ever run
/// bare. A program that passes is right as far as its tests go; time limits make this the one verifier whose verdict may depend on the machine.
/// </summary>
public sealed class CodeVerifier : IVerifier
{
    private const int MostRemembered = 1 << 16;

    private readonly SandboxSupport _support;
    private readonly DriverTests? _driver;
    private readonly StreamTests? _streams;
    private readonly CSharpCompiler? _compiler;
    private readonly ConditionalWeakTable<string, CodeTests> _tests = [];
    private readonly ConcurrentDictionary<string, CodeReport> _remembered = new(StringComparer.Ordinal);

    /// <summary>Judges in this machine's sandbox.</summary>
    public CodeVerifier()
        : this(SandboxSupport.Current)
    {
    }

    /// <summary>Judges in the given sandbox.</summary>
    public CodeVerifier(SandboxSupport support)
    {
        _support = support;
        if (support is not { Sandbox: { } sandbox, Python: { } python }) return;
        _driver = new DriverTests(sandbox, python);
        _streams = new StreamTests(sandbox, python);
        _compiler = new CSharpCompiler(sandbox);
    }

    /// <inheritdoc/>
    public string Id => "code/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(completion) is { } reason) return Unverifiable(reason);
        if (prompt.Tests is not { } json || TestsOf(json) is not { } tests) return Unverifiable("no_tests");
        if (_support.Sandbox is null) return Unverifiable("sandbox_unavailable");
        if (CodeExtraction.Find(completion.Answer, tests.Language, DefinitionOf(tests)) is not { } program) return Unverifiable(Unjudgeable.WithoutAnswer(completion));
        string key = Fingerprint.OfTexts(json, program.Text, program.Fenced ? "fenced" : "bare");
        if (!_remembered.TryGetValue(key, out CodeReport? report))
        {
            report = Judge(program, tests);
            if (_remembered.Count < MostRemembered && report.End != TestEnd.SandboxError) _remembered.TryAdd(key, report);
        }
        // A whole answer that does not compile was prose, not a program.
        if (!program.Fenced && report.End == TestEnd.CompileError) return Unverifiable(Unjudgeable.WithoutAnswer(completion));
        return new Verdict(report.Outcome, report.Reason, program.Text.Trim(), Id);
    }

    /// <summary>Runs a program; a failure of the sandbox and a missed time limit, which other work on the machine can cause, get a second try.</summary>
    internal CodeReport Judge(ExtractedProgram program, CodeTests tests)
    {
        CodeReport report = JudgeOnce(program, tests);
        if (report.End == TestEnd.SandboxError) return JudgeOnce(program, tests);
        return report.ByClock && report.End == TestEnd.TimeLimit ? _support.Sandbox!.Alone(() => JudgeOnce(program, tests)) : report;
    }

    private CodeReport JudgeOnce(ExtractedProgram program, CodeTests tests)
    {
        if (tests.Language == CodeLanguage.CSharp) return _compiler!.Run(program, tests, _streams!);
        if (tests.Streams.Count == 0) return RunByDriver(program, tests);
        var task = new SandboxTask
        {
            Command = _support.Python!.Command("/job/main.py"),
            ReadOnlyFolders = _support.Python.Folders,
            Files = [("main.py", Encoding.UTF8.GetBytes(UsualImports.AddTo(program.Text)))],
        };
        return _streams!.Run(task, new SandboxLimits { CpuTime = tests.TimeLimit, MemoryBytes = tests.MemoryLimit }, tests, CancellationToken.None);
    }

    // The prompt's own beginning of the program holds imports and functions that the tests or the program may use. A bare
    // completion is the rest of that beginning; a block is a whole program, unless it does not define what is asked for.
    private CodeReport RunByDriver(ExtractedProgram program, CodeTests tests)
    {
        bool continues = tests.Prefix.Length > 0 && !program.Text.Contains($"def {tests.EntryPoint}", StringComparison.Ordinal);
        string text = continues ? tests.Prefix + program.Text : program.Text;
        return _driver!.Run([UsualImports.For(text), continues ? "" : tests.Prefix], text, tests, CancellationToken.None);
    }

    private CodeTests? TestsOf(string json)
    {
        if (_tests.TryGetValue(json, out CodeTests? known)) return known;
        if (CodeTestReader.TryRead(json) is not { } tests) return null;
        _tests.AddOrUpdate(json, tests);
        return tests;
    }

    private static string? DefinitionOf(CodeTests tests) =>
        tests.EntryPoint is not { } name ? null : tests.Language == CodeLanguage.Python ? $"def {name}" : name;

    private Verdict Unverifiable(string reason) => new(Outcome.Unverifiable, reason, null, Id);
}
