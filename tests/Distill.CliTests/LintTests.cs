using System.Text.Json;
using Xunit;

namespace Distill.CliTests;

/// <summary><c>distill curate --lint</c> as a user runs it.</summary>
public sealed class LintTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public LintTests() => _folder.Write("set.jsonl", """
        {"problem":"What is 6*7?","answer":"42","completion":"<think>6*7=42</think>\\boxed{42}"}
        {"problem":"What is 6*8?","answer":"48","completion":"<think>6*8=47</think>\\boxed{47}"}
        """);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void FindingsAreShownAndOnlyStrictFails()
    {
        CliResult result = CliProcess.Run(_folder.Path, "curate", "--lint", "set.jsonl");

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("set.jsonl: 2 completions of 2 prompts, 2 with reasoning, 2 with an answer that could be judged", result.Output);
        Assert.Matches(@"problem +answer_disagrees +1 +50\.0 ?%", result.Output);
        Assert.Contains("row 2: What is 6*8?", result.Output);
        Assert.Contains("answers 47, reference answer is 48", result.Output);
        Assert.Equal(1, CliProcess.Run(_folder.Path, "curate", "--lint", "set.jsonl", "--strict").ExitCode);
        Assert.Equal(["set.jsonl"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void SignsThatATerminalObeysAreShownInstead()
    {
        _folder.Write("set.jsonl", """{"problem":"What is \u001b[2J6*8?","answer":"4\u001b[2J8","completion":"It is perhaps 4\u001b[2J7"}""" + "\n");
        foreach (string[] command in (string[][])[["curate", "--lint", "set.jsonl"], ["verify", "set.jsonl", "--verifier", "exact", "--out", "out.jsonl"]])
        {
            CliResult result = CliProcess.Run(_folder.Path, command);
            Assert.True(result.ExitCode == 0, result.Error);
            Assert.Contains("\\u001b[2J", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain('\u001b', result.Output + result.Error);
        }
    }

    [Fact]
    public void TheReportIsJsonForScripts()
    {
        CliResult result = CliProcess.Run(_folder.Path, "curate", "--lint", "set.jsonl", "--json", "--decontaminate", "set.jsonl");

        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(2, report.GetProperty("rows").GetInt32());
        Assert.Equal(["contaminated 2", "answer_disagrees 1"], report.GetProperty("findings").EnumerateArray().Select(finding => $"{finding.GetProperty("check")} {finding.GetProperty("rows")}"));
        Assert.Equal(2, report.GetProperty("benchmarks")[0].GetProperty("found").GetInt32());
    }

    [Theory]
    [InlineData("`--max-rows`: has no meaning with `--lint`", "--lint", "set.jsonl", "--max-rows", "3")]
    [InlineData("`--strict`: has no meaning without `--lint`", "--traces", "set.jsonl", "--out", "o", "--strict")]
    [InlineData("`--filters`: `repetitions` is unknown", "--traces", "set.jsonl", "--out", "o", "--filters", "repetitions")]
    [InlineData("no trace is left to learn from", "--traces", "set.jsonl", "--out", "o")]
    [InlineData("`weights` has 2 numbers for 1 traces", "--traces", "set.jsonl", "--out", "o", "--weights", "1,2")]
    [InlineData("column `wrote` is missing or empty", "--traces", "set.jsonl", "--out", "o", "--completion-column", "wrote")]
    [InlineData("none.yaml does not exist", "--traces", "set.jsonl", "--out", "o", "--verify", "math", "--decontaminate", "none.yaml")]
    public void WhatCannotBeMeantIsOneLineAndAHint(string error, params string[] arguments)
    {
        CliResult result = CliProcess.Run(_folder.Path, ["curate", .. arguments]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(error, result.Error);
        Assert.Contains("hint: ", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }
}
