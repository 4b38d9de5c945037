using System.Text.Json.Nodes;
using Distill.Chat;
using Distill.Eval;
using Distill.Inference;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Eval;

public sealed class EvaluationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public EvaluationTests()
    {
        File.WriteAllText(folder["a.yaml"], "name: a\nversion: 1\ngenerate: { kind: arithmetic, split: basic, count: 5, seed: 1 }\nsamples: 2\nmetric: pass@2\nmax_tokens: 100\n");
        File.WriteAllText(folder["b.yaml"], "name: b\nversion: 1\ngenerate: { kind: arithmetic, split: hard, count: 3, seed: 1 }\n");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ScoresAreThoseOfTheCompletions()
    {
        // Of the ten samples of suite a: 0 to 3 right, 4 wrong, 5 without answer, 6 cut off, 7 to 9 right.
        var model = new ScriptedModel(index => index switch
        {
            4 => Say("\\boxed{-1}", 30),
            5 => Say("no idea", 40),
            6 => Say("", 100, FinishReason.Length, unclosed: true),
            _ => null,
        });
        EvalReport report = await RunAsync(model, "out");

        SuiteScore score = report.Suites[0];
        Assert.Equal(("a", 5, 2, "math/4"), (score.Suite, score.Problems, score.Samples, score.Verifier));
        Assert.Equal(0.7, score.PassAt1.Value, 1e-12);
        Assert.Equal((1 + 1 + 0 + 1 + 1) / 5.0, score.PassAt[2], 1e-12); // problem 2 has samples 4 and 5, problem 3 samples 6 and 7
        Assert.Equal(0.1, score.TruncationRate, 1e-12);
        Assert.Equal(0.2, score.NoAnswerRate, 1e-12);
        Assert.Equal((7 * 10) + 30 + 40 + 100, score.CompletionTokens);
        Assert.Equal((24.0, 10.0, 73.0), (score.MeanTokens, score.MedianTokens, Math.Round(score.P95Tokens, 6)));
        Assert.Equal(1, report.Suites[1].PassAt1.Value);

        EvalReport loaded = EvalReport.Load(folder["out"]);
        Assert.Equal(report.Suites[0].PassAt1, loaded.Suites[0].PassAt1);
        Assert.Equal(report.Suites[0].PassAt, loaded.Suites[0].PassAt);
        Assert.Contains("| a v1 | **70.0 %** |", File.ReadAllText(Path.Combine(folder["out"], "eval.md")));

        JsonNode[] lines = [.. File.ReadLines(Path.Combine(folder["out"], "completions", "a.jsonl")).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(10, lines.Length);
        Assert.Equal(("incorrect", "different_number", "-1"), ((string?)lines[4]["outcome"], (string?)lines[4]["reason"], (string?)lines[4]["extracted_answer"]));
        Assert.Equal(("unverifiable", "truncated", "length"), ((string?)lines[6]["outcome"], (string?)lines[6]["reason"], (string?)lines[6]["finish_reason"]));
    }

    [Fact]
    public async Task EverySampleHasASeedOfItsOwnThatDependsOnTheRunsSeed()
    {
        var first = new ScriptedModel();
        var second = new ScriptedModel();
        var other = new ScriptedModel();
        await RunAsync(first, "first");
        await RunAsync(second, "second");
        await RunAsync(other, "other", seed: 18);
        Assert.Equal(first.Seeds, second.Seeds);
        Assert.Equal(13, first.Seeds.Distinct().Count());
        Assert.Empty(first.Seeds.Intersect(other.Seeds));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(4, 4)]
    [InlineData(7, 4)]
    [InlineData(11, 10)]
    public async Task AStoppedRunGoesOnToTheSameResult(int completionsBeforeTheStop, int inWholeGroups)
    {
        await RunAsync(new ScriptedModel(), "whole");
        await Assert.ThrowsAsync<OperationCanceledException>(() => RunAsync(new ScriptedModel { StopAfter = completionsBeforeTheStop }, "stopped"));
        Assert.False(File.Exists(Path.Combine(folder["stopped"], "eval.json")));

        var resumed = new ScriptedModel();
        var progress = new Readings();
        await RunAsync(resumed, "stopped", progress: progress);
        foreach (string name in new[] { "a.jsonl", "b.jsonl" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder["whole"], "completions", name)), File.ReadAllBytes(Path.Combine(folder["stopped"], "completions", name)));
        Assert.Equal(13 - inWholeGroups, resumed.Seeds.Count);
        Assert.Equal(Math.Min(completionsBeforeTheStop, 10), progress.All[0].Completed);
        Assert.Equal((3L, 3L), (progress.All[^1].Completed, progress.All[^1].Total));
    }

    [Fact]
    public async Task AFinishedRunAsksForNothing()
    {
        await RunAsync(new ScriptedModel(), "out");
        var again = new ScriptedModel();
        await RunAsync(again, "out");
        Assert.Empty(again.Seeds);
    }

    [Fact]
    public async Task CompletionsOfAnotherModelAreNotTaken()
    {
        await RunAsync(new ScriptedModel(), "out");
        InputException error = await Assert.ThrowsAsync<InputException>(() => RunAsync(new ScriptedModel { Identity = "other@2" }, "out"));
        Assert.Contains("another model or other settings", error.Message);
        await Assert.ThrowsAsync<InputException>(() => RunAsync(new ScriptedModel(), "out", seed: 18));
    }

    [Fact]
    public async Task SuitesThatShareANameAreRefusedBeforeTheModelIsOpened()
    {
        var evaluation = new Evaluation(_ => throw new InvalidOperationException("opened"));
        var options = new EvalOptions { Model = "m", Suites = [folder["a.yaml"], folder["a.yaml"]], Out = folder["out"] };
        Assert.Contains("two suites are called `a`", (await Assert.ThrowsAsync<InputException>(() => evaluation.RunAsync(options, new Readings(), default))).Message);
    }

    private Task<EvalReport> RunAsync(ScriptedModel model, string output, long seed = 17, Readings? progress = null) => new Evaluation(_ => model).RunAsync(
        new EvalOptions { Model = "some/model", Suites = [folder["a.yaml"], folder["b.yaml"]], Seed = seed, Out = folder[output] },
        progress ?? new Readings(), TestContext.Current.CancellationToken);

    private static Completion Say(string answer, int tokens, FinishReason reason = FinishReason.Stop, bool unclosed = false) => new()
    {
        RawText = answer,
        Reasoning = "",
        Answer = answer,
        ReasoningUnclosed = unclosed,
        FinishReason = reason,
        PromptTokens = 5,
        CompletionTokens = tokens,
    };

    private sealed class Readings : IProgress<ProgressEvent>
    {
        public List<ProgressEvent> All { get; } = [];

        public void Report(ProgressEvent value) => All.Add(value);
    }

    /// <summary>Answers right unless the script says otherwise; computes in groups, yields one by one.</summary>
    private sealed class ScriptedModel(Func<int, Completion?>? script = null) : ICompletionSource
    {
        public const int GroupSize = 4;

        public string Identity { get; init; } = "scripted@1";

        public int StopAfter { get; init; } = int.MaxValue;

        public int? BatchSize => GroupSize;

        public List<long> Seeds { get; } = [];

        public async IAsyncEnumerable<CompletedRequest> CompleteAsync(
            IEnumerable<CompletionRequest> requests, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            foreach (CompletionRequest[] group in requests.Chunk(GroupSize))
            {
                foreach (CompletionRequest request in group)
                {
                    await Task.Yield();
                    if (Seeds.Count == StopAfter) throw new OperationCanceledException();
                    Seeds.Add(request.Sampling.Seed);
                    string expression = request.Messages[0].Content["Compute ".Length..^1];
                    Completion? scripted = request.Sampling.MaxTokens == 100 ? script?.Invoke(int.Parse(request.Id)) : null;
                    yield return new CompletedRequest(request, scripted ?? Say($"\\boxed{{{new System.Data.DataTable().Compute(expression, null)}}}", 10), 0.5);
                }
            }
        }

        public Task<Completion> StreamAsync(CompletionRequest request, Action<string> onText, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
