using Xunit;

namespace Distill.CliTests;

/// <summary>Every error of the user's: one line that says what and where, one that says how to mend it, exit code 1, no stack trace.</summary>
public sealed class ErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void UnknownCommand() => Fails("unknown-command", "exprot");

    [Fact]
    public void UnknownFlag() => Fails("unknown-flag", "train", "--max-stepz", "3");

    [Fact]
    public void UnknownFlagBehindAList() => Fails("unknown-flag-behind-a-list", "teacher-gen", "--prompts", "p.jsonl", "--endpoint", "http://127.0.0.1:1/v1", "--modle", "m", "--out", "o");

    [Fact]
    public void UnknownFlagOfRun() => Fails("unknown-flag-of-run", "run", "--dryrun", "x.yaml");

    [Fact]
    public void MissingFlagsAreNamedTogether() => Fails("missing-flags", "train");

    [Fact]
    public void MissingArgument() => Fails("missing-argument", "run");

    [Fact]
    public void MissingValueOfAFlag() => Fails("missing-value", "run", "p.yaml", "--from");

    [Fact]
    public void MissingSubcommand() => Fails("missing-subcommand", "teacher");

    [Fact]
    public void AFolderIsNoPipeline() => Fails("pipeline-is-a-folder", "run", ".");

    [Fact]
    public void WrongFlagValue() => Fails("wrong-flag-value", "train", "--student", "tiny-qwen", "--data", "d", "--out", "o", "--max-steps", "many");

    [Fact]
    public void UnknownWordOfAClosedSet() => Fails("unknown-word", "export", "--model", "m", "--out", "o", "--gguf", "Q4_K_X");

    [Fact]
    public void MissingInputFile() => Fails("missing-input", "curate", "--traces", "no/such/traces", "--out", "o");

    [Fact]
    public void MissingPipeline() => Fails("missing-pipeline", "run", "no-such.yaml");

    [Fact]
    public void UnknownStageInAPipeline() => FailsInPipeline("pipeline-unknown-stage", """
        name: p
        stages:
          - trian: {}
        """);

    [Fact]
    public void UnknownKeyInAPipeline() => FailsInPipeline("pipeline-unknown-key", """
        name: p
        stages:
          - prompts: { basic: 10 }
          - train: { student: tiny-qwen, data: $prompts, max_stepz: 5 }
        """);

    [Fact]
    public void SeveralProblemsInAPipeline() => FailsInPipeline("pipeline-several-problems", """
        name: p
        stages:
          - prompts: { basic: ten }
          - curate: { traces: $promts, verdicts: [right] }
          - export: { gguf: [Q8_0] }
        """);

    [Fact]
    public void NumberOutOfRangeInALaterStage() => FailsInPipeline("pipeline-out-of-range", """
        name: p
        stages:
          - prompts: { basic: 10 }
          - teacher-gen: { prompts: $prompts, samples: -3 }
          - train: { student: tiny-qwenn, data: $teacher-gen, max_steps: 5 }
        """);

    [Fact]
    public void MissingFileInAPipeline() => FailsInPipeline("pipeline-missing-file", """
        name: p
        stages:
          - teacher-gen: { prompts: data/none.jsonl }
        """);

    [Fact]
    public void NotYaml() => FailsInPipeline("pipeline-not-yaml", """
        name: p
        stages: [
          - prompts: {
        """);

    [Fact]
    public void OutputBelowAFile()
    {
        _folder.Write("file.txt", "");
        Fails("output-below-a-file", "prompts", "--basic", "5", "--out", "file.txt/out");
    }

    [Fact]
    public void OutputWhereNothingCanBeWritten()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a file system that nobody can write, /proc");
        Fails("output-not-writable", "prompts", "--basic", "5", "--out", "/proc/distill/out");
    }

    [Fact]
    public void OutputFolderOfSomebodyElse()
    {
        _folder.Write("mine/precious.txt", "keep me");
        Fails("output-not-ours", "prompts", "--basic", "5", "--out", "mine");
        Assert.Equal("keep me", File.ReadAllText(_folder["mine/precious.txt"]));
    }

    [Fact]
    public void OutputOfOtherOptions()
    {
        Assert.Equal(0, CliProcess.Run(_folder.Path, "prompts", "--basic", "5", "--out", "o").ExitCode);
        Fails("output-of-other-options", "prompts", "--basic", "6", "--out", "o");
    }

    [Fact]
    public void NoProblemsAskedFor() => Fails("stage-refuses", "prompts", "--out", "o");

    [Fact]
    public void DebugShowsTheStack()
    {
        using CliProcess process = CliProcess.Start(_folder.Path, [], ["run", "no-such.yaml"], ("DISTILL_DEBUG", "1"));

        Assert.Contains("   at Distill.", process.Wait().Error);
    }

    private void FailsInPipeline(string snapshot, string yaml)
    {
        _folder.Write("p.yaml", yaml);
        Fails(snapshot, "run", "p.yaml", "--dry-run");
        Fails(snapshot, "run", "p.yaml");
        Assert.False(Directory.Exists(_folder["artifacts"]), "a pipeline that cannot run leaves nothing behind");
    }

    private void Fails(string snapshot, params string[] arguments)
    {
        CliResult result = CliProcess.Run(_folder.Path, arguments);

        Snapshot.Match(snapshot, result.Error, _folder.Path);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.DoesNotContain("   at ", result.Error);
    }
}
