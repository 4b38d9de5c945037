using Distill.Curation.Lint;
using Distill.Prompts;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class DatasetLintTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EverythingThatIsWrongIsCountedAndShown()
    {
        string problem = string.Join(' ', Enumerable.Range(0, 40).Select(i => $"word{i}"));
        File.WriteAllLines(_folder["set.jsonl"],
        [
            """{"problem":"What is 6*7?","answer":"42","generations":["<think>6*7=42</think>\\boxed{42}","<think>6*7=41</think>\\boxed{41}","<think>let me","<think>6*7=42</think>\\boxed{42}"],"finish_reasons":["stop","stop","length","stop"],"correctness_math_verify":[true,true,false,true]}""",
            """{"problem":"What is 1+1?","answer":"2","completion":"<|begin_of_thought|>1+1<|end_of_thought|><|begin_of_solution|>\\boxed{2}<|end_of_solution|>"}""",
            """{"problem":"You are a helpful assistant. What is 1+2?","answer":"3","completion":"<think>1+2</think>\\boxed{3}<|im_end|>"}""",
            """{"problem":"What is 6*7?","answer":"43","completion":"<think>6*7=43</think>It is \\boxed{43"}""",
            """{"problem":"Find the number of primes below one hundred, and of those below two hundred.","completion":"<think>count</think>25 and 46,"}""",
            $$"""{"problem":"{{problem}}","completion":"<think>hm</think>\\boxed{1}"}""",
            $$"""{"problem":"{{problem}} again","completion":"<think>hm</think>\\boxed{1}"}""",
        ]);
        JsonlPromptWriter.Write(_folder["bench.jsonl"], [Prompt.FromUser("Find the number of primes below one hundred and of those below two hundred", "25, 46")]);
        LintReport report = await Lint(new LintOptions { Decontaminate = [_folder["bench.jsonl"]], Examples = 1 });
        Assert.Equal((10, 6, 10), (report.Rows, report.Prompts, report.RowsWithReasoning));
        Assert.Equal(
            ["answer_disagrees 1", "conflicting_answers 1", "contaminated 1", "cut_off 2", "duplicate 1", "foreign_marks 1", "near_duplicate 1", "no_box 2", "no_reference_answer 3",
                "reasoning_unclosed 1", "system_prompt 1", "template_remnants 1", "truncated 1", "verdict_disagrees 1"],
            report.Findings.Select(finding => $"{finding.Check} {finding.Rows}").Order(StringComparer.Ordinal));
        Assert.True(report.HasProblems);
        Assert.False(report.Findings[^1].IsProblem);
        LintExample wrong = report.Findings.Single(finding => finding.Check == "answer_disagrees").Examples.Single();
        Assert.Equal((2, "answers 41, reference answer is 42", "What is 6*7?"), (wrong.Row, wrong.Detail, wrong.Prompt));
        Assert.Equal("same as row 1", report.Findings.Single(finding => finding.Check == "duplicate").Examples.Single().Detail);
        Assert.Equal(1, report.Benchmarks.Single().Found);
    }

    // GSM8K's worked solutions as a set of traces: the published answers agree with themselves.
    [Fact]
    public async Task ARealSetHasNoFalseAlarms()
    {
        File.WriteAllLines(_folder["set.jsonl"], PromptReader.Read(SharedData.Path("gsm8k", "test.jsonl")).Select(prompt => System.Text.Json.JsonSerializer.Serialize(new
        {
            problem = prompt.Messages[0].Content,
            answer = prompt.ReferenceAnswer,
            completion = $"<think>\n{prompt.ReferenceReasoning}\n</think>\n\nThe answer is \\boxed{{{prompt.ReferenceAnswer}}}.",
        })));
        LintReport report = await Lint(new LintOptions());
        Assert.Equal((1319, 1319, 1319), (report.Rows, report.RowsWithReasoning, report.RowsJudged));
        Assert.All(report.Findings.Where(finding => finding.IsProblem), finding => Assert.True(finding is { Check: "near_duplicate", Rows: <= 2 }, finding.ToString()));
    }

    [Fact]
    public async Task WhatCannotBeLookedThroughIsAnError()
    {
        await Assert.ThrowsAsync<InputException>(() => Lint(new LintOptions()));
        File.WriteAllText(_folder["set.jsonl"], """{"problem":"What?"}""");
        Assert.Contains("holds no completion", (await Assert.ThrowsAsync<InputException>(() => Lint(new LintOptions()))).Message);
        await Assert.ThrowsAsync<InputException>(() => Lint(new LintOptions { Verify = [] }));
        await Assert.ThrowsAsync<InputException>(() => Lint(new LintOptions { Examples = -1 }));
    }

    private Task<LintReport> Lint(LintOptions options) =>
        DatasetLint.RunAsync(options with { Lint = _folder["set.jsonl"] }, new Progress<ProgressEvent>(), CancellationToken.None);
}
