using Distill.Chat;
using Distill.Curation;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Curation;

public sealed class TraceCurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryDroppedRowHasTheFirstReasonThatHolds()
    {
        Write(
            SampleTraces.Make(0),
            SampleTraces.Make(1, finish: FinishReason.Error),
            SampleTraces.Make(2, finish: FinishReason.Length, unclosed: true, outcome: Outcome.Unverifiable),
            SampleTraces.Make(3, unclosed: true, outcome: Outcome.Unverifiable),
            SampleTraces.Make(4, Outcome.Incorrect, tokens: 5000),
            SampleTraces.Make(5, Outcome.Unverifiable),
            SampleTraces.Make(6, tokens: 101),
            SampleTraces.Make(7, prompt: "p", reasoning: "r", answer: "a"),
            SampleTraces.Make(7, prompt: "p", reasoning: "r", answer: "a"),
            SampleTraces.Make(7, prompt: "p", reasoning: "r2", answer: "a"),
            SampleTraces.Make(8, prompt: "other", reasoning: "r", answer: "a"));
        CurateResult result = await Run(new CurateOptions { MaxTokens = 100, MaxPerPrompt = 1 });

        FilterFunnel funnel = FilterFunnel.Load(_folder["out"]);
        Assert.Equal(
            ["engine_error 1 10", "truncated 1 9", "reasoning_unclosed 1 8", "verdict_incorrect 1 7", "verdict_unverifiable 1 6", "too_long 1 5", "duplicate 1 4", "over_max_per_prompt 1 3"],
            funnel.Steps.Where(step => step.Dropped > 0).Select(step => $"{step.Reason} {step.Dropped} {step.Remaining}"));
        Assert.Equal((11, 3, 3), (funnel.RowsIn, funnel.RowsOut, funnel.PromptsOut));
        Assert.Equal(funnel.TokensIn, funnel.TokensOut + funnel.Steps.Sum(step => step.Tokens));
        Assert.Equal((funnel.RowsIn, funnel.RowsOut, funnel.TokensOut), (result.RowsIn, result.RowsOut, result.TokensOut));
        Assert.Equal(funnel.RowsIn, result.RowsOut + result.Dropped.Values.Sum());
        Assert.Equal(["trace-0", "trace-7", "trace-8"], Kept().Select(trace => trace.Id));
    }

    [Theory]
    [InlineData(SelectionPolicy.First, "trace-0 trace-1 trace-4")]
    [InlineData(SelectionPolicy.Shortest, "trace-1 trace-3 trace-4")]
    public async Task SurplusTracesOfAPromptAreDroppedByThePolicy(SelectionPolicy policy, string kept)
    {
        Write(SampleTraces.Make(0, prompt: "p", tokens: 30), SampleTraces.Make(1, prompt: "p", tokens: 10), SampleTraces.Make(2, prompt: "p", tokens: 20),
            SampleTraces.Make(3, prompt: "p", tokens: 10), SampleTraces.Make(4, prompt: "q", tokens: 90));
        await Run(new CurateOptions { MaxPerPrompt = 2, Selection = policy });
        Assert.Equal(kept, string.Join(' ', Kept().Select(trace => trace.Id)));
    }

    [Fact]
    public async Task RandomSelectionFollowsTheSeed()
    {
        Write([.. Enumerable.Range(0, 400).Select(i => SampleTraces.Make(i) with { Prompt = SampleTraces.Make(i / 8).Prompt })]);
        string[] first = await Select(1), again = await Select(1), other = await Select(2);
        Assert.Equal(100, first.Length);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        int[] counts = new int[8];
        foreach (string id in first.Concat(other)) counts[int.Parse(id[6..]) % 8]++;
        Assert.All(counts, count => Assert.InRange(count, 10, 45)); // 200 draws over 8 places

        async Task<string[]> Select(long seed)
        {
            await Run(new CurateOptions { MaxPerPrompt = 2, Selection = SelectionPolicy.Random, Seed = seed });
            return [.. Kept().Select(trace => trace.Id)];
        }
    }

    [Fact]
    public async Task AnswersOnlyKeepsTheSameRowsWithoutReasoning()
    {
        Write([.. Enumerable.Range(0, 20).Select(i => SampleTraces.Make(i, prompt: $"p{i % 4}", answer: "\\boxed{5}"))]);
        await Run(new CurateOptions { MaxPerPrompt = 3 });
        Trace[] full = [.. Kept()];
        await Run(new CurateOptions { MaxPerPrompt = 3, DropReasoning = true });
        Trace[] answers = [.. Kept()];
        Assert.Equal(12, full.Length);
        Assert.Equal(full.Select(trace => (trace.Id, trace.Completion.Answer, trace.Verdict)), answers.Select(trace => (trace.Id, trace.Completion.Answer, trace.Verdict)));
        Assert.All(full, trace => Assert.NotEmpty(trace.Completion.Reasoning));
        Assert.All(answers, trace => Assert.Equal(("", trace.Completion.Answer), (trace.Completion.Reasoning, trace.Completion.RawText)));
    }

    [Fact]
    public async Task VerdictsAndTruncationAreAChoice()
    {
        Write(SampleTraces.Make(0), SampleTraces.Make(1, Outcome.Incorrect), SampleTraces.Make(2, Outcome.Unverifiable, FinishReason.Length, unclosed: true));
        await Run(new CurateOptions { Verdicts = [VerdictPolicy.Incorrect, VerdictPolicy.Unverifiable], DropTruncated = false });
        Assert.Equal(["trace-1", "trace-2"], Kept().Select(trace => trace.Id));
        Assert.Equal(1, FilterFunnel.Load(_folder["out"]).Steps.Single(step => step.Reason == "verdict_correct").Dropped);
    }

    [Fact]
    public async Task ExamplesShowEveryCategory()
    {
        Write([.. Enumerable.Range(0, 40).Select(i => SampleTraces.Make(i, i % 2 == 0 ? Outcome.Correct : Outcome.Incorrect, reasoning: i == 2 ? string.Concat(Enumerable.Range(0, 2250).Select(n => $"{n:0000}")) : null)),
            SampleTraces.Make(40, Outcome.Unverifiable, FinishReason.Length, unclosed: true, answer: "")]);
        await Run(new CurateOptions());
        IReadOnlyList<TraceExample> examples = TraceExample.Load(_folder["out"]);
        Assert.Equal(["kept", "kept", "kept", "truncated", "verdict_incorrect", "verdict_incorrect", "verdict_incorrect"], examples.Select(example => example.Category));
        Assert.Equal(new TraceExample("kept", "Compute 2+0.", "2", "step 0: 2+0=2", "\\boxed{2}", "correct", "equal_number"), examples[0]);
        Assert.Equal(8001, examples[1].Reasoning.Length);
        Assert.Contains("step 40", examples[3].Answer); // the raw text, where there is no answer part
    }

    [Fact]
    public async Task TheSameTracesGiveTheSameBytes()
    {
        Write([.. Enumerable.Range(0, 3000).Select(i => SampleTraces.Make(i))]);
        await Run(new CurateOptions());
        string first = Fingerprint.OfPath(_folder["out"]);
        File.WriteAllText(Path.Combine(_folder["out"], "dataset", "part-00099.parquet"), "left from an older run");
        await Run(new CurateOptions());
        Assert.Equal(first, Fingerprint.OfPath(_folder["out"]));
    }

    [Fact]
    public async Task NothingLeftIsAnErrorThatSaysWhy()
    {
        Write(SampleTraces.Make(0, Outcome.Incorrect), SampleTraces.Make(1, Outcome.Incorrect), SampleTraces.Make(2, finish: FinishReason.Length));
        var e = await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions()));
        Assert.Equal($"{_folder["in"]}: no trace is left to learn from (1 truncated, 2 verdict_incorrect)", e.Message);
        Assert.Equal(3, FilterFunnel.Load(_folder["out"]).RowsIn);
    }

    [Fact]
    public async Task UnusableOptionsAndInputsAreErrors()
    {
        Write(SampleTraces.Make(0));
        await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { MaxPerPrompt = -1 }));
        await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { MaxTokens = -1 }));
        await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { Verdicts = [] }));
        await Run(new CurateOptions());
        var e = await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { Traces = [_folder["out"]] }));
        Assert.Contains("would be overwritten", e.Message);
        await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { Traces = [_folder["none"]] }));
        Assert.Throws<InputException>(() => FilterFunnel.Load(_folder["none"]));
        Assert.Throws<InputException>(() => TraceExample.Load(_folder["none"]));
    }

    [Fact]
    public async Task ItStopsWhenItIsCancelledAndLeavesTheOldResult()
    {
        Write([.. Enumerable.Range(0, 2000).Select(i => SampleTraces.Make(i))]);
        await Run(new CurateOptions());
        string before = Fingerprint.OfPath(_folder["out"]);
        using var cancellation = new CancellationTokenSource();
        var cancelWhileWriting = new Listener(reading => { if (reading.Stage.Contains("writing") && reading.Completed > 0) cancellation.Cancel(); });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TraceCuration.RunAsync(
            new CurateOptions { Traces = [_folder["in"]], Out = _folder["out"], MaxPerPrompt = 1, MaxTokens = 25 }, cancelWhileWriting, cancellation.Token));
        Assert.Equal(before, Fingerprint.OfPath(_folder["out"]));
    }

    private void Write(params Trace[] traces)
    {
        int half = traces.Length / 2;
        TraceWriter.WritePart(Path.Combine(_folder["in"], TraceWriter.PartName(0)), traces[..half]);
        TraceWriter.WritePart(Path.Combine(_folder["in"], TraceWriter.PartName(1)), traces[half..]);
    }

    private Task<CurateResult> Run(CurateOptions options) => TraceCuration.RunAsync(
        options with { Traces = options.Traces.Count > 0 ? options.Traces : [_folder["in"]], Out = _folder["out"] }, new Listener(_ => { }), CancellationToken.None);

    private IEnumerable<Trace> Kept() => TraceReader.Read(Path.Combine(_folder["out"], "dataset"));

    private sealed class Listener(Action<ProgressEvent> action) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value) => action(value);
    }
}
