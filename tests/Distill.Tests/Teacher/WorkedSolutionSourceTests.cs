using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Teacher;

public sealed class WorkedSolutionSourceTests
{
    private static readonly Prompt Known = Prompt.FromUser("Compute 2+2.", "4", referenceReasoning: "2+2 = 4\n");

    [Fact]
    public async Task AnswersWithTheWorkedSolution()
    {
        await using var source = new WorkedSolutionSource([Known]);
        var request = new CompletionRequest("r", [new(MessageRole.User, "Compute 2+2.")], new SamplingOptions());
        string streamed = "";
        Completion completion = await source.StreamAsync(request, text => streamed += text, CancellationToken.None);
        Assert.Equal(("2+2 = 4", "\\boxed{4}", FinishReason.Stop), (completion.Reasoning, completion.Answer, completion.FinishReason));
        Assert.Equal("<think>\n2+2 = 4\n</think>\n\n\\boxed{4}", streamed);
        Assert.Equal(completion.RawText, streamed);
    }

    [Fact]
    public void RefusesPromptsWithoutASolutionOrWithTwo()
    {
        Assert.Throws<InputException>(() => new WorkedSolutionSource([Known with { ReferenceReasoning = " " }]));
        Assert.Throws<InputException>(() => new WorkedSolutionSource([Known with { ReferenceAnswer = null }]));
        Assert.Throws<InputException>(() => new WorkedSolutionSource([Known, Known with { ReferenceAnswer = "5" }]));
    }

    [Fact]
    public async Task TeacherGenStoresItAsCorrectTraces()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["p.jsonl"], """
            {"prompt":"Compute 2+2.","answer":"4","reference_reasoning":"2+2 = 4"}
            {"prompt":"Compute 2+3.","answer":"5","reference_reasoning":"2+3 = 5"}
            """);
        var options = new TeacherGenOptions { Prompts = folder["p.jsonl"], Teacher = "worked", Out = folder["out"] };
        TeacherGenResult result = await TraceGeneration.RunAsync(options, new Progress<ProgressEvent>(), CancellationToken.None);
        Assert.Equal((2, 2, "worked-solutions"), (result.Rollouts, result.Correct, result.Teacher));
        Trace[] traces = [.. TraceReader.Read(folder["out"])];
        Assert.Equal(["2+2 = 4", "2+3 = 5"], traces.Select(trace => trace.Completion.Reasoning));
        Assert.All(traces, trace => Assert.Equal(Outcome.Correct, trace.Verdict.Outcome));
    }
}
