using Distill.Chat;
using Distill.Curation;
using Distill.Prompts;
using Distill.Runs;
using Distill.Tests.Traces;
using Distill.Traces;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Curation;

/// <summary>What a whole run of curate decides, beyond the first reasons of <see cref="TraceCurationTests"/>.</summary>
public sealed class SelectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryPolicyIsCompared()
    {
        Verdict yes = new(Outcome.Correct, "yes", null, "judge/1"), no = new(Outcome.Incorrect, "no", null, "judge/1");
        Write("in",
            SampleTraces.Make(0) with { JudgeVerdict = yes }, SampleTraces.Make(1) with { JudgeVerdict = no }, SampleTraces.Make(2),
            SampleTraces.Make(3, Outcome.Incorrect) with { JudgeVerdict = yes }, SampleTraces.Make(4, Outcome.Incorrect),
            SampleTraces.Make(5, Outcome.Unverifiable) with { JudgeVerdict = yes }, SampleTraces.Make(6, Outcome.Unverifiable), SampleTraces.Make(7, finish: FinishReason.Length));
        await Run(new CurateOptions { Verdicts = [VerdictPolicy.JudgeOrRule] });
        Assert.Equal(["trace-0", "trace-1", "trace-2", "trace-3", "trace-5"], Kept());
        FilterFunnel funnel = FilterFunnel.Load(_folder["out"]);
        Assert.Equal(["all 7", "correct 3", "correct-or-unverified 5", "judge-or-rule 5", "judge-and-rule 1"], funnel.Policies.Select(policy => $"{policy.Policy} {policy.Rows}"));
        Assert.Equal(funnel.TokensOut, funnel.Policies[3].Tokens);

        await Run(new CurateOptions { Verdicts = [VerdictPolicy.JudgeAndRule] });
        Assert.Equal(["trace-0"], Kept());
        Assert.Equal(2, FilterFunnel.Load(_folder["out"]).Steps.Single(step => step.Reason == "verdict_not_confirmed").Dropped);
    }

    [Fact]
    public async Task PromptsAreChosenByTheirPassRate()
    {
        Write("in", [.. Samples("easy", 4, 4), .. Samples("medium", 2, 4), .. Samples("hard", 1, 4),
            SampleTraces.Make(90, Outcome.Unverifiable, prompt: "unknown") with { Id = "unknown" }]);
        await Run(new CurateOptions { Verdicts = [VerdictPolicy.All], MinPassRate = 0.3, MaxPassRate = 0.9, Filters = [] });
        Assert.Equal(["medium", "unknown"], Kept().Select(id => id.Split('-')[0]).Distinct());
        Assert.Equal([4L, 4L], new[] { "too_easy", "too_hard" }.Select(reason => FilterFunnel.Load(_folder["out"]).Steps.Single(step => step.Reason == reason).Dropped));

        IEnumerable<Trace> Samples(string name, int right, int all) => Enumerable.Range(0, all).Select(i =>
            SampleTraces.Make(i, i < right ? Outcome.Correct : Outcome.Incorrect, prompt: name, reasoning: $"try {i}") with { Id = $"{name}-{i}" });
    }

    [Theory]
    [InlineData(SelectionPolicy.Longest, "trace-2 trace-3")]
    [InlineData(SelectionPolicy.Diverse, "trace-0 trace-4")]
    public async Task SurplusIsDroppedByThePolicy(SelectionPolicy policy, string kept)
    {
        string same = string.Join(' ', Enumerable.Range(0, 90).Select(i => $"step{i}")), other = string.Join(' ', Enumerable.Range(0, 90).Select(i => $"idea{i}"));
        Write("in", [.. new[] { 10, 20, 40, 50, 30 }.Select((tokens, i) => SampleTraces.Make(i, prompt: "p", reasoning: (i == 4 ? other : same) + $" end{i}", tokens: tokens))]);
        await Run(new CurateOptions { MaxPerPrompt = 2, Selection = policy });
        Assert.Equal(kept, string.Join(' ', Kept()));
    }

    [Fact]
    public async Task NearDuplicatesKeepTheFirstPromptThatHasAnythingLeft()
    {
        string problem = string.Join(' ', Enumerable.Range(0, 60).Select(i => $"word{i}"));
        Write("in", SampleTraces.Make(0, Outcome.Incorrect, prompt: problem), SampleTraces.Make(1, prompt: problem + " please"), SampleTraces.Make(2, prompt: problem + " please", reasoning: "other"),
            SampleTraces.Make(3, prompt: problem + " now"), SampleTraces.Make(4, prompt: "something else"));
        await Run(new CurateOptions());
        Assert.Equal(["trace-1", "trace-2", "trace-4"], Kept());
        (string Id, string Fate, string? Reason, string? Detail)[] fates = Fates();
        Assert.Equal(["trace-0", "trace-1", "trace-2", "trace-3", "trace-4"], fates.Select(row => row.Id));
        Assert.Equal(("dropped", "near_duplicate"), (fates[3].Fate, fates[3].Reason));
        Assert.StartsWith("prompt like that of trace-1 (similarity 0.9", fates[3].Detail);
        await Run(new CurateOptions { Filters = [] });
        Assert.Equal(4, Kept().Length);
    }

    [Fact]
    public async Task ContaminatedPromptsAreDroppedWithTheProblemTheyContain()
    {
        const string Known = "Find the largest prime factor of the number 8051 without a calculator or a computer.";
        JsonlPromptWriter.Write(_folder["bench.jsonl"], [Prompt.FromUser(Known, "97")]);
        Write("in", SampleTraces.Make(0, prompt: "Hello! " + Known), SampleTraces.Make(1));
        await Run(new CurateOptions { Decontaminate = [_folder["bench.jsonl"]] });
        Assert.Equal(["trace-1"], Kept());
        Assert.Equal(("contaminated", $"bench:1 ngram 1.00: {Known.TrimEnd('.')}"), (Fates()[0].Reason, Fates()[0].Detail));
        BenchmarkOutcome found = Assert.Single(FilterFunnel.Load(_folder["out"]).Benchmarks);
        Assert.Equal(("bench", 1, 1, 1, "bench:1"), (found.Set, found.Problems, found.Found, found.Prompts, found.Examples[0].Problem));

        await Run(new CurateOptions { Decontaminate = [_folder["bench.jsonl"]], KeepContaminated = true });
        Assert.Equal(["trace-0", "trace-1"], Kept());
        Assert.StartsWith("bench:1 ngram", Fates()[0].Detail);
    }

    [Fact]
    public async Task SourcesAreMixedByWeightWithAShareOfGeneralData()
    {
        Write("math", [.. Enumerable.Range(0, 300).Select(i => SampleTraces.Make(i) with { Id = $"math-{i}" })]);
        Write("code", [.. Enumerable.Range(300, 300).Select(i => SampleTraces.Make(i) with { Id = $"code-{i}" })]);
        File.WriteAllLines(_folder["chat.jsonl"], Enumerable.Range(0, 500).Select(i => $$"""{"instruction":"Say {{i}}","output":"Number {{i}}."}"""));
        var options = new CurateOptions { Traces = [_folder["math"], _folder["code"]], Weights = [3, 1], General = [_folder["chat.jsonl"]], GeneralShare = 0.2 };
        await Run(options);
        FilterFunnel funnel = FilterFunnel.Load(_folder["out"]);
        Assert.Equal([300L, 100L, 100L], funnel.Sources.Select(source => source.RowsOut));
        Assert.Equal([0.6, 0.2, 0.2], funnel.Sources.Select(source => source.Share));
        Assert.Equal(funnel.RowsIn, funnel.RowsOut + funnel.Steps.Sum(step => step.Dropped));
        string[] first = Kept();
        await Run(options);
        Assert.Equal(first, Kept());
        await Run(options with { Seed = 4 });
        Assert.NotEqual(first, Kept());
        await Run(options with { MaxRows = 50 });
        Assert.Equal([30L, 10L, 10L], FilterFunnel.Load(_folder["out"]).Sources.Select(source => source.RowsOut));
    }

    [Fact]
    public async Task PublicSetsAreJudgedAndCountedOnTheWay()
    {
        File.WriteAllLines(_folder["set.jsonl"],
            ["""{"problem":"What is 6*7?","answer":"42","generations":["<think>6*7=42</think>\\boxed{42}","<think>6*7=41</think>\\boxed{41}","<think>let me"]}"""]);
        InputException none = await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { Traces = [_folder["set.jsonl"]] }));
        Assert.Contains("verify: math", none.Hint);
        await Run(new CurateOptions { Traces = [_folder["set.jsonl"]], Verify = ["math"] });
        Trace kept = Assert.Single(TraceReader.Read(_folder["out"]));
        Assert.Equal(("\\boxed{42}", Outcome.Correct), (kept.Completion.Answer, kept.Verdict.Outcome));

        InputException uncounted = await Assert.ThrowsAsync<InputException>(() => Run(new CurateOptions { Traces = [_folder["set.jsonl"]], Verify = ["math"], MaxTokens = 50 }));
        Assert.Contains("has no token count", uncounted.Message);
        await Run(new CurateOptions { Traces = [_folder["set.jsonl"]], Verify = ["math"], MaxTokens = 50, Tokenizer = TinyR1 });
        Completion counted = Assert.Single(TraceReader.Read(_folder["out"])).Completion;
        ModelTokenizer tokenizer = ModelTokenizer.Load(TinyR1);
        ChatTemplate template = ChatTemplate.Load(TinyR1);
        Assert.Equal(tokenizer.Encode(template.Render([new Message(MessageRole.User, "What is 6*7?")], addGenerationPrompt: true)).Length, counted.PromptTokens);
        Assert.Equal(tokenizer.Encode("6*7=42\n</think>\n\n\\boxed{42}").Length + 1, counted.CompletionTokens);
    }

    [Fact]
    public async Task OptionsThatCannotBeMeantAreErrors()
    {
        Write("in", SampleTraces.Make(0));
        foreach (CurateOptions options in new CurateOptions[]
        {
            new() { MinTokens = 10, MaxTokens = 5 }, new() { MinPassRate = 0.5, MaxPassRate = 0.4 }, new() { MaxPassRate = 1.5 }, new() { GeneralShare = 2 }, new() { Weights = [1, 2] },
            new() { Weights = [-1] }, new() { Weights = [0] }, new() { MaxRows = -1 }, new() { DecontaminateNgram = 1 }, new() { NearDuplicateSimilarity = 0 }, new() { Verify = ["maths"] },
            new() { Decontaminate = [_folder["none"]] }, new() { Tokenizer = _folder["none"] }, new() { General = [_folder["none"]] },
        })
        {
            InputException e = await Assert.ThrowsAsync<InputException>(() => Run(options));
            Assert.NotNull(e.Hint);
        }
        Assert.False(Directory.Exists(_folder["out"]));
    }

    private static string TinyR1 => InstallFolder.Find("artifacts/tiny-r1")!;

    private void Write(string name, params Trace[] traces) => TraceWriter.WritePart(Path.Combine(_folder[name], TraceWriter.PartName(0)), traces);

    private Task<CurateResult> Run(CurateOptions options) => TraceCuration.RunAsync(
        options with { Traces = options.Traces.Count > 0 ? options.Traces : [_folder["in"]], Out = _folder["out"] }, new Progress<ProgressEvent>(), CancellationToken.None);

    private string[] Kept() => [.. TraceReader.Read(_folder["out"]).Select(trace => trace.Id)];

    private (string Id, string Fate, string? Reason, string? Detail)[] Fates()
    {
        using ParquetTable table = ParquetTable.Open(Path.Combine(_folder["out"], "fates.parquet"));
        string?[] ids = table.ReadTexts(0, "id"), fates = table.ReadTexts(0, "fate"), reasons = table.ReadTexts(0, "reason"), details = table.ReadTexts(0, "detail");
        return [.. ids.Select((id, row) => (id!, fates[row]!, reasons[row], details[row]))];
    }
}
