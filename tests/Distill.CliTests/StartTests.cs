using System.Text.Json;
using Xunit;

namespace Distill.CliTests;

/// <summary>What works before anything is computed, and how much it loads.</summary>
public sealed class StartTests : IDisposable
{
    private const string Pipeline = """
        name: small
        stages:
          - prompts: { basic: 20 }
          - prompts: { id: more, basic: 10, seed: 3 }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HelpNamesEveryCommand()
    {
        CliResult result = CliProcess.Run(_folder.Path, "--help");

        Assert.Equal(0, result.ExitCode);
        foreach (string command in new[] { "run", "prompts", "teacher-gen", "verify", "curate", "train", "export", "eval", "chat", "inspect", "doctor", "plan", "teacher" })
            Assert.Contains("\n  " + command + " ", result.Output);
    }

    [Fact]
    public void HelpOfACommandShowsDefaultsAndAcceptedWords()
    {
        CliResult result = CliProcess.Run(_folder.Path, "curate", "--help");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("--max-per-prompt <N>", result.Output);
        Assert.Contains(": all, correct, correct-or-unverified, judge-or-rule, judge-and-rule, incorrect, unverifiable (default: correct)", result.Output);
        Assert.Contains("(default: first)", result.Output);
        Assert.Contains("(required)", result.Output);
    }

    [Fact]
    public void NoArgumentsShowHelp() => Assert.Contains("Usage:", CliProcess.Run(_folder.Path).Output);

    [Fact]
    public void VersionIsOneLine()
    {
        CliResult result = CliProcess.Run(_folder.Path, "--version");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^distill \d+\.\d+\.\d+", result.Output);
        Assert.Single(result.Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void DoctorFindsTheEngines()
    {
        CliResult result = CliProcess.Run(_folder.Path, "doctor", "--json");

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        using JsonDocument findings = JsonDocument.Parse(result.Output);
        foreach (string name in new[] { "distill", "processor", "memory", "gpu", "torch", "onnx", "libstdc++", "disk", "teacher" })
            Assert.NotEqual("bad", findings.RootElement.GetProperty(name).GetProperty("health").GetString());
        Assert.StartsWith("2.", findings.RootElement.GetProperty("torch").GetProperty("values").GetProperty("libtorch").GetString());
        Assert.Contains("torch", CliProcess.Run(_folder.Path, "doctor").Output);
    }

    [Fact]
    public void OnlyWhatComputesLoadsNativeLibraries()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks the dynamic linker of glibc what it loads");
        _folder.Write("p.yaml", Pipeline);
        Assert.Contains("libtorch", LibrariesLoadedBy("doctor")); // the question itself works

        foreach (string[] arguments in new string[][] { ["--help"], ["train", "--help"], ["--version"], ["run", "p.yaml", "--dry-run"], ["run", "p.yaml"], ["run", "p.yaml"], ["inspect", Path.Combine(CliProcess.Root, "artifacts", "tiny-r1")] })
        {
            string loaded = LibrariesLoadedBy(arguments);
            Assert.DoesNotContain("libtorch", loaded);
            Assert.DoesNotContain("onnxruntime", loaded);
        }
    }

    [Fact]
    public void DryRunShowsThePlanAndWritesNothing()
    {
        _folder.Write("p.yaml", Pipeline);

        CliResult result = CliProcess.Run(_folder.Path, "run", "p.yaml", "--dry-run");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("basic=20", result.Output);
        Assert.Contains("seed=3", result.Output);
        Assert.Equal(["p.yaml"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void AStageRunsAloneAndIsNotRepeated()
    {
        CliResult first = CliProcess.Run(_folder.Path, "prompts", "--basic", "12", "--out", "o");
        CliResult second = CliProcess.Run(_folder.Path, "prompts", "--basic", "12", "--out", "o");
        CliResult third = CliProcess.Run(_folder.Path, "prompts", "--basic", "13", "--out", "o", "--replace");

        Assert.Equal((0, 0, 0), (first.ExitCode, second.ExitCode, third.ExitCode));
        Assert.Contains("prompts: 12", first.Output);
        Assert.Contains("already done", second.Error);
        Assert.Equal(13, File.ReadLines(_folder["o/prompts.jsonl"]).Count());
    }

    private string LibrariesLoadedBy(params string[] arguments)
    {
        string traces = Directory.CreateDirectory(_folder["ld"]).FullName;
        using (CliProcess process = CliProcess.Start(_folder.Path, [], arguments, ("LD_DEBUG", "files"), ("LD_DEBUG_OUTPUT", Path.Combine(traces, "trace"))))
        {
            CliResult result = process.Wait();
            Assert.True(result.ExitCode == 0, result.Error);
        }
        string loaded = string.Concat(Directory.GetFiles(traces).Select(File.ReadAllText));
        Directory.Delete(traces, recursive: true);
        return loaded;
    }
}
