using Xunit;

namespace Distill.CliTests;

/// <summary>What a command says at its end, and what a failed one leaves behind.</summary>
public sealed class StageResultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AnEvaluationTellsItsScoreTheFirstTimeAndAgain()
    {
        string[] eval = ["eval", "--model", "artifacts/tiny-r1", "--suites", "eval/suites/arithmetic-short.yaml", "--limit", "2", "--samples", "1", "--max-tokens", "4", "--out", "score"];

        CliResult first = CliProcess.Run(_folder.Path, eval), again = CliProcess.Run(_folder.Path, eval);

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Matches(@"arithmetic-short v1\s+0\.0\s?% +0\.0\s?% to \d+\.\d\s?% +2 x 1 +100\.0\s?% +4", first.Output);
        Assert.EndsWith("output: score\n", first.Output);
        Assert.Equal(first.Output, again.Output);
        Assert.Contains("already done", again.Error);
    }

    [Fact]
    public void AnExportNamesItsFiles()
    {
        CliResult export = CliProcess.Run(_folder.Path, "export", "artifacts/tiny-r1", "--gguf", "Q8_0", "--out", "files");

        Assert.True(export.ExitCode == 0, export.Error);
        Assert.Matches(@"gguf/tiny-r1-Q8_0\.gguf +\d\.\d\d +\d\.\d\d", export.Output);
    }

    [Fact]
    public void AMendedInputRunsInTheSameFolder()
    {
        string[] generate = ["teacher-gen", "--prompts", "p.jsonl", "--teacher", "worked", "--verify", "none", "--out", "traces"];
        _folder.Write("p.jsonl", """{"prompt":"2+2?","answer":"4"}""" + "\n{\"prompt\":\n");
        CliResult broken = CliProcess.Run(_folder.Path, generate);
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("p.jsonl:2", broken.Error);

        _folder.Write("p.jsonl", """{"prompt":"2+2?","answer":"4","solution":"2+2=4"}""" + "\n");
        CliResult mended = CliProcess.Run(_folder.Path, generate);

        Assert.True(mended.ExitCode == 0, mended.Error);
        Assert.Contains("rollouts: 1", mended.Output);
        Assert.EndsWith("output: traces/traces\n", mended.Output);
    }

    [Fact]
    public void ARefusedOptionLeavesNoFolderBehind()
    {
        CliResult refused = CliProcess.Run(_folder.Path, "prompts", "--basic", "-3", "--out", "o");

        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Equal("error: `basic` is -3\nhint: give a number of problems\n", refused.Error);
        Assert.False(Directory.Exists(_folder["o"]));
    }
}
