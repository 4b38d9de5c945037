using Distill.Export.Gguf;
using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher;
using Distill.Tests;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.PeerTests.Teacher;

/// <summary>The same teacher in this process and behind a llama.cpp server: the same problems, judged alike.</summary>
public sealed class EndpointPeerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AServerGivesTheSameVerdictsAsTheModelInThisProcess()
    {
        string teacher = Path.Combine(NodePeer.ProjectFolder, "..", "..", "artifacts", "tiny-r1"), gguf = _folder["tiny-r1.gguf"];
        GgufExport.Write(teacher, gguf, GgufFileType.F32, "tiny-r1");
        await PromptsStage.RunAsync(new PromptsOptions { Short = 50, Out = _folder["problems"] }, new Progress<ProgressEvent>(), CancellationToken.None);
        var options = new TeacherGenOptions { Prompts = Path.Combine(_folder["problems"], PromptsStage.FileName), Samples = 2, MaxTokens = 160, Temperature = 1, Out = _folder["embedded"] };
        await TraceGeneration.RunAsync(options with { Teacher = teacher }, new Progress<ProgressEvent>(), CancellationToken.None);

        await using LlamaServer server = await LlamaServer.StartAsync(gguf, slots: 4);
        TeacherGenOptions served = options with { Endpoint = [server.Url], Model = "tiny-r1", Tokenizer = teacher, Concurrency = 4, Out = _folder["served"] };
        TeacherGenResult result = await TraceGeneration.RunAsync(served, new Progress<ProgressEvent>(), CancellationToken.None);

        Assert.Equal((100, 0), (result.Rollouts, result.Failed));
        Trace[] here = [.. TraceReader.Read(_folder["embedded"])], there = [.. TraceReader.Read(_folder["served"])];
        Assert.Equal(100, there.Select(trace => trace.Id).Distinct().Count());
        Assert.Equal(here.Select(trace => (trace.Prompt.Id, trace.SampleIndex, trace.Completion.PromptTokens)), there.Select(trace => (trace.Prompt.Id, trace.SampleIndex, trace.Completion.PromptTokens)));
        AssertAlike(here, there, trace => trace.Verdict.Outcome == Outcome.Correct);
        AssertAlike(here, there, trace => trace.Completion.EndState == EndState.Truncated);
        double lengthHere = here.Average(trace => trace.Completion.CompletionTokens), lengthThere = there.Average(trace => trace.Completion.CompletionTokens);
        Assert.InRange(lengthThere / lengthHere, 0.75, 1.33);
    }

    // Two shares of the same size differ by less than four standard errors.
    private static void AssertAlike(Trace[] here, Trace[] there, Func<Trace, bool> counts)
    {
        double a = here.Count(counts) / (double)here.Length, b = there.Count(counts) / (double)there.Length, mean = (a + b) / 2;
        double error = Math.Sqrt(2 * Math.Max(mean * (1 - mean), 0.005) / here.Length);
        Assert.True(Math.Abs(a - b) <= 4 * error, $"{a:0.000} here, {b:0.000} there");
    }
}
