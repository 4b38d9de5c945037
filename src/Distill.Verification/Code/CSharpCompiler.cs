using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Distill.Verification.Sandboxing;

namespace Distill.Verification.Code;

/// <summary>
/// Compiles C# programs with the compiler of the machine's .NET SDK, in a sandbox of its own, and runs them in another. A compilation takes
/// seconds of a processor, against milliseconds for Python.
/// </summary>
/// <remarks>
/// Assertions as in MultiPL-E are part of the program, so, unlike with Python, a program written to deceive could end them early and print what
/// they print. Tests of input and output do not have that weakness.
/// </remarks>
internal sealed class CSharpCompiler(Sandbox sandbox)
{
    private const long CompilerMemory = 2L << 30;
    private const int LargestAssembly = 4 << 20;

    private static readonly Lazy<Sdk?> Installed = new(FindSdk);

    // Ports of diagnostics and executable memory by two mappings need system calls that the sandbox denies.
    private static readonly Dictionary<string, string> Runtime = new()
    {
        ["DOTNET_EnableDiagnostics"] = "0",
        ["DOTNET_EnableWriteXorExecute"] = "0",
        ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcServer"] = "0",
        ["HOME"] = "/tmp",
    };

    private sealed record Sdk(string Dotnet, string Folder, string Compiler, string References, string RuntimeVersion);

    /// <summary>Compiles a program and runs it against its tests.</summary>
    public CodeReport Run(ExtractedProgram program, CodeTests tests, StreamTests streams)
    {
        if (Installed.Value is not { } sdk) return new CodeReport(TestEnd.NoCompiler);
        string nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        string text = tests.Streams.Count > 0 ? program.Text : WithAssertions(program.Text, tests);
        (ReadOnlyMemory<byte> assembly, CodeReport? failure) = Compile(sdk, text);
        if (failure is not null) return failure;
        var task = new SandboxTask
        {
            Command = [sdk.Dotnet, "exec", "/job/program.dll"],
            ReadOnlyFolders = Folders(sdk),
            Environment = new Dictionary<string, string>(Runtime) { ["DOTNET_GCHeapHardLimit"] = $"0x{tests.MemoryLimit:x}" },
            Files = [("program.dll", assembly), ("program.runtimeconfig.json", Encoding.UTF8.GetBytes(RuntimeConfiguration(sdk)))],
        };
        var limits = new SandboxLimits { CpuTime = tests.TimeLimit + TimeSpan.FromSeconds(1), MemoryBytes = tests.MemoryLimit + (128 << 20), BoundAddressSpace = false, OpenFiles = 256 };
        if (tests.Streams.Count > 0) return streams.Run(task, limits, tests, CancellationToken.None);
        CodeReport report = streams.Run(task, limits, tests with { Streams = [new StreamTest(nonce, nonce)], Comparison = OutputComparison.Lines }, CancellationToken.None);
        // What such a program says when it fails is the failed assertion.
        return report.End == TestEnd.RuntimeError && report.Detail?.Contains("Assert", StringComparison.Ordinal) == true ? report with { End = TestEnd.WrongAnswer } : report;
    }

    private (ReadOnlyMemory<byte> Assembly, CodeReport? Failure) Compile(Sdk sdk, string text)
    {
        string response = string.Join('\n', Directory.EnumerateFiles(sdk.References, "*.dll").Order(StringComparer.Ordinal).Select(file => $"-r:{file}"));
        SandboxResult result = sandbox.Run(new SandboxTask
        {
            Command =
            [
                "/bin/sh", "-c", "\"$@\" 1>&2 && cat /tmp/program.dll", "sh", sdk.Dotnet, "exec", sdk.Compiler, "-nologo", "-noconfig", "-nostdlib", "-define:DEBUG", "-optimize",
                "-langversion:latest", "-nowarn:1591;8019", "-warn:0", "-deterministic", "-out:/tmp/program.dll", "@/job/references.rsp", "/job/usings.cs", "/job/program.cs",
            ],
            ReadOnlyFolders = Folders(sdk),
            Environment = Runtime,
            Files = [("program.cs", Encoding.UTF8.GetBytes(text)), ("usings.cs", Usings), ("references.rsp", Encoding.UTF8.GetBytes(response))],
        }, new SandboxLimits { CpuTime = TimeSpan.FromSeconds(30), MemoryBytes = CompilerMemory, BoundAddressSpace = false, OpenFiles = 1024, OutputBytes = LargestAssembly });
        return result switch
        {
            { End: SandboxEnd.Exited, ExitCode: 0 } => (result.Output, null),
            { End: SandboxEnd.Exited } => (default, new CodeReport(TestEnd.CompileError, Detail: result.ErrorText.Split('\n')[0])),
            { End: SandboxEnd.SandboxFailed } => (default, new CodeReport(TestEnd.SandboxError, Detail: result.ErrorText)),
            _ => (default, new CodeReport(TestEnd.CompileError, Detail: "the compiler did not end within its limits")),
        };
    }

    // What a console project of the SDK brings along.
    private static readonly byte[] Usings = Encoding.UTF8.GetBytes(string.Concat(
        new[] { "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks" }.Select(space => $"global using global::{space};\n")));

    // MultiPL-E: prompt, body and tests make one program. A block that holds the whole class ends in two braces that the tests bring themselves.
    private static string WithAssertions(string program, CodeTests tests)
    {
        string text = program.Contains("class ", StringComparison.Ordinal) ? WithoutLastBraces(program, 2) : tests.Prefix + program;
        string assertions = tests.Assertions[0].TrimEnd();
        int end = assertions.LastIndexOf('}');
        int mainEnd = end > 0 ? assertions.LastIndexOf('}', end - 1) : -1;
        return mainEnd < 0 ? text + assertions : $"{text}\n{assertions[..mainEnd]}System.Console.WriteLine(System.Console.In.ReadToEnd());\n{assertions[mainEnd..]}";
    }

    private static string WithoutLastBraces(string program, int count)
    {
        string text = program;
        for (int i = 0; i < count && text.LastIndexOf('}') is var brace and >= 0; i++) text = text[..brace];
        return text;
    }

    private static string RuntimeConfiguration(Sdk sdk) => new JsonObject
    {
        ["runtimeOptions"] = new JsonObject
        {
            ["tfm"] = $"net{sdk.RuntimeVersion.Split('.')[0]}.0",
            ["framework"] = new JsonObject { ["name"] = "Microsoft.NETCore.App", ["version"] = sdk.RuntimeVersion },
        },
    }.ToJsonString();

    private static string[] Folders(Sdk sdk) => sdk.Folder.StartsWith("/usr/", StringComparison.Ordinal) ? [] : [sdk.Folder];

    private static Sdk? FindSdk()
    {
        foreach (string link in Executables.FindAll("dotnet"))
        {
            string dotnet = File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName ?? link;
            string folder = Path.GetDirectoryName(dotnet)!;
            string? compiler = Newest(Path.Combine(folder, "sdk"), version => Path.Combine(version, "Roslyn", "bincore", "csc.dll"));
            string? runtime = Newest(Path.Combine(folder, "shared", "Microsoft.NETCore.App"), version => Path.Combine(version, "System.Private.CoreLib.dll"));
            if (compiler is null || runtime is null) continue;
            string runtimeVersion = Path.GetFileName(Path.GetDirectoryName(runtime)!);
            string? references = Newest(Path.Combine(folder, "packs", "Microsoft.NETCore.App.Ref"), version => Path.Combine(version, "ref", $"net{runtimeVersion.Split('.')[0]}.0"));
            if (references is not null) return new Sdk(dotnet, folder, compiler, references, runtimeVersion);
        }
        return null;
    }

    private static string? Newest(string folder, Func<string, string> inside) => !Directory.Exists(folder) ? null
        : Directory.GetDirectories(folder).OrderByDescending(version => Version.TryParse(Path.GetFileName(version).Split('-')[0], out Version? parsed) ? parsed : new Version())
            .Select(inside).FirstOrDefault(Path.Exists);
}
