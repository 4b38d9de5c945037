using Distill.Pipelines;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Pipelines;

public sealed class PipelineRunnerTests : IDisposable
{
    private const string Two = """
        name: two
        seed: 5
        stages:
          - make: { id: one, text: x }
          - make: { id: two, text: y, seed: 6 }
          - join: { inputs: [$one, $two, $two/begun.txt] }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeStages _stages = new();
    private readonly Observer _observer = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StagesRunInOrderAndReadEachOther()
    {
        RunSummary summary = await Run(Two);

        Assert.Equal(["one", "two", "join"], _stages.Ran);
        Assert.Equal("x5y6", File.ReadAllText(_folder["run/join/joined.txt"]));
        Assert.Equal("done", RunRecord.TryLoad(_folder["run"])!.Status);
        Assert.All(summary.Run.Stages, stage => Assert.Equal("done", stage.Status));
        Assert.True(File.Exists(summary.ReportPath));
        RunManifest manifest = RunManifest.TryLoad(_folder["run/join"])!;
        Assert.Equal("join", manifest.Stage);
        Assert.StartsWith("stage:", manifest.Inputs[_folder["run/one/made.txt"]]);
        Assert.Equal(4, (int)manifest.Results["length"]!);
        Assert.Equal(6, RunManifest.TryLoad(_folder["run/two"])!.Seed);
    }

    [Fact]
    public async Task ASecondRunSkipsEverything()
    {
        await Run(Two);
        DateTime written = File.GetLastWriteTimeUtc(_folder["run/run.json"]);
        _stages.Ran.Clear();

        await Run(Two);

        Assert.Empty(_stages.Ran);
        Assert.Equal(["one", "two", "join"], _observer.Skipped);
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder["run/run.json"]));
    }

    [Theory]
    [InlineData("text: x", "text: z", new[] { "one", "join" })]
    [InlineData("seed: 6", "seed: 7", new[] { "two", "join" })]
    [InlineData("seed: 5", "seed: 8", new[] { "one", "join" })]
    [InlineData("text: x", "text: x, threads: 4", new string[0])]
    [InlineData("[$one, $two,", "[$two, $one,", new[] { "join" })]
    public async Task AChangeRunsWhatDependsOnItAndNothingElse(string before, string after, string[] again)
    {
        await Run(Two);
        _stages.Ran.Clear();

        await Run(Two.Replace(before, after));

        Assert.Equal(again, _stages.Ran);
    }

    [Fact]
    public async Task ARebuiltStageStartsFromAnEmptyFolder()
    {
        await Run(Two);
        File.WriteAllText(_folder["run/one/left-over.txt"], "old");

        await Run(Two.Replace("text: x", "text: z"));

        Assert.False(File.Exists(_folder["run/one/left-over.txt"]));
        Assert.Equal("z5y6", File.ReadAllText(_folder["run/join/joined.txt"]));
        Assert.Empty(Directory.GetDirectories(_folder["run"], ".discarded*"));
    }

    [Fact]
    public async Task AnInputFileCountsByContentNotByName()
    {
        File.WriteAllText(_folder["in.txt"], "hello");
        string yaml = $"name: p\nstages:\n  - join: {{ inputs: {_folder["in.txt"]} }}";
        await Run(yaml);
        File.Copy(_folder["in.txt"], _folder["same.txt"]);
        await Run(yaml.Replace("in.txt", "same.txt"));
        Assert.Equal(["join"], _stages.Ran);

        File.WriteAllText(_folder["same.txt"], "changed");
        await Run(yaml.Replace("in.txt", "same.txt"));

        Assert.Equal(["join", "join"], _stages.Ran);
        Assert.Equal("changed", File.ReadAllText(_folder["run/join/joined.txt"]));
    }

    [Theory]
    [InlineData("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")]
    [InlineData("model.onnx", "model.onnx_data")]
    [InlineData("suite.yaml", "problems.jsonl")]
    public async Task AFileThatDrawsInAnotherChangesWithIt(string named, string other)
    {
        File.WriteAllText(_folder[named], "name: s\nversion: 1\nprompts: problems.jsonl\n");
        File.WriteAllText(_folder[other], "one");
        string yaml = $"name: p\nstages:\n  - join: {{ inputs: {_folder[named]} }}";
        await Run(yaml);
        await Run(yaml);
        Assert.Equal(["join"], _stages.Ran);

        File.WriteAllText(_folder[other], "two");
        await Run(yaml);

        Assert.Equal(["join", "join"], _stages.Ran);
    }

    [Theory]
    [InlineData("inputs: one", "p.yaml:4: key `inputs`: one does not exist", "did you mean `$one`?")]
    [InlineData("inputs: one/made.txt", "p.yaml:4: key `inputs`: one/made.txt does not exist", "did you mean `$one/made.txt`?")]
    [InlineData("inputs: elsewhere", "p.yaml:4: key `inputs`: elsewhere does not exist", "check the path; it is looked up from the working folder, then from where distill is installed")]
    [InlineData("inputs: http://server/v1", "p.yaml:4: key `inputs`: http://server/v1 does not exist", "give a file or folder: servers are asked by `teacher-gen`, with `--endpoint`")]
    [InlineData("inputs: suite.yaml", "suite.yaml: its problems are not there: ", "put them there, or mend the suite's `prompts`")]
    public async Task WhatIsMissingIsSaidBeforeAnythingRuns(string inputs, string message, string hint)
    {
        File.WriteAllText(_folder["suite.yaml"], "name: s\nversion: 1\nprompts: none.jsonl\n");

        var error = await Assert.ThrowsAsync<InputException>(() => Run($"name: p\nstages:\n  - make: {{ id: one }}\n  - join: {{ {inputs.Replace("suite.yaml", _folder["suite.yaml"])} }}"));

        Assert.Contains(message, error.Message);
        Assert.Equal(hint, error.Hint);
        Assert.Empty(_stages.Ran);
    }

    [Fact]
    public async Task AnInterruptedRunGoesOnWithTheUnfinishedStage()
    {
        using var cancellation = new CancellationTokenSource();
        _stages.Midway = name =>
        {
            if (name == "two") cancellation.Cancel();
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => Run(Two, cancellation: cancellation.Token));
        Assert.Equal("interrupted", RunRecord.TryLoad(_folder["run"])!.Status);
        File.WriteAllText(_folder["run/two/half-done.txt"], "kept");
        _stages.Ran.Clear();

        await Run(Two);

        Assert.Equal(["two", "join"], _stages.Ran);
        Assert.True(File.Exists(_folder["run/two/half-done.txt"]), "unfinished work of the same options is there to go on from");
        Assert.Equal("x5y6", File.ReadAllText(_folder["run/join/joined.txt"]));
    }

    [Fact]
    public async Task UnfinishedWorkOfOtherOptionsIsNotGoneOnFrom()
    {
        _stages.Midway = name => throw new InputException("stop");
        await Assert.ThrowsAsync<InputException>(() => Run(Two));
        Assert.Equal("failed", RunRecord.TryLoad(_folder["run"])!.Status);
        Assert.Equal("stop", RunRecord.TryLoad(_folder["run"])!.Error);
        File.WriteAllText(_folder["run/one/half-done.txt"], "old");
        _stages.Midway = _ => { };

        await Run(Two.Replace("text: x", "text: z"));

        Assert.False(File.Exists(_folder["run/one/half-done.txt"]));
    }

    [Fact]
    public async Task FilesThatDistillDidNotMakeAreNotDeleted()
    {
        Directory.CreateDirectory(_folder["run/one"]);
        File.WriteAllText(_folder["run/one/mine.txt"], "precious");

        var error = await Assert.ThrowsAsync<InputException>(() => Run(Two));

        Assert.Contains("distill did not make", error.Message);
        Assert.Equal("precious", File.ReadAllText(_folder["run/one/mine.txt"]));
    }

    [Fact]
    public async Task TwoRunsCannotShareAFolder()
    {
        using FolderLock other = FolderLock.Take(_folder["run"]);

        var error = await Assert.ThrowsAsync<InputException>(() => Run(Two));

        Assert.Contains("another distill process", error.Message);
        Assert.Empty(_stages.Ran);
    }

    [Fact]
    public async Task FromRunsAStageAndAllAfterItAgain()
    {
        await Run(Two);
        _stages.Ran.Clear();

        await Run(Two, new RunChoices { From = "two" });

        Assert.Equal(["two", "join"], _stages.Ran);
    }

    [Fact]
    public async Task OnlyRunsAStageAloneAndNeedsItsInputs()
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Run(Two, new RunChoices { Only = "join" }));
        Assert.Contains("`one`, which is not finished", error.Message);

        await Run(Two);
        _stages.Ran.Clear();
        await Run(Two, new RunChoices { Only = "join" });

        Assert.Equal(["join"], _stages.Ran);
    }

    [Fact]
    public async Task FlagsReplaceValuesOfTheFile()
    {
        await Run(Two, new RunChoices { Overrides = [RunChoices.ParseOverride("one.text=flag,with comma"), RunChoices.ParseOverride("join.inputs=$one,$one")] });

        Assert.Equal("flag,with comma5flag,with comma5", File.ReadAllText(_folder["run/join/joined.txt"]));
    }

    [Theory]
    [InlineData("one.text=a", null, null)]
    [InlineData("onee.text=a", "`--set onee.text`: ", "did you mean `one`?")]
    [InlineData("one.txet=a", "`--set one.txet` is unknown for stage `make`", "did you mean `--text`?")]
    public void AnOverrideNamesAStageAndAKey(string text, string? message, string? hint)
    {
        PipelineFile file = Load(Two);
        var choices = new RunChoices { Out = _folder["run"], Overrides = [RunChoices.ParseOverride(text)] };
        if (message == null)
        {
            PipelinePlan.Make(file, choices, TimeProvider.System);
            return;
        }
        var error = Assert.Throws<InputException>(() => PipelinePlan.Make(file, choices, TimeProvider.System));
        Assert.StartsWith(message, error.Message);
        Assert.Equal(hint, error.Hint);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("one=2")]
    [InlineData(".key=2")]
    [InlineData("one.=2")]
    public void AnOverrideOfAnotherFormIsRefused(string text) =>
        Assert.Contains("--set stage.key=value", Assert.Throws<InputException>(() => RunChoices.ParseOverride(text)).Hint);

    [Fact]
    public void APlanSaysWhatWouldRunAndTouchesNothing()
    {
        PipelinePlan plan = PipelinePlan.Make(Load(Two), new RunChoices { Out = _folder["run"] }, TimeProvider.System);

        Assert.All(plan.Stages, stage => Assert.True(stage is { Status: StageStatus.New, WillRun: true }));
        Assert.Equal(["one", "two"], plan.Stages[2].Needs);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Theory]
    [InlineData("$one", "$oen", ": `$oen` names no earlier stage", "did you mean `$one`?")]
    [InlineData("$one", "$join", ": `$join` names no earlier stage", "stages before this one: `$one`, `$two`")]
    [InlineData("$one", "$one/../../x", ": `$one/../../x` leaves the stage's folder", null)]
    [InlineData("$one", "no/such.txt", ": no/such.txt does not exist", null)]
    public void AReferenceOrPathThatLeadsNowhereIsNamedWithItsLine(string before, string after, string message, string? hint)
    {
        var error = Assert.Throws<InputException>(() => PipelinePlan.Make(Load(Two.Replace(before, after)), new RunChoices { Out = _folder["run"] }, TimeProvider.System));

        Assert.Contains("p.yaml:6: key `inputs`" + message, error.Message);
        if (hint != null) Assert.Equal(hint, error.Hint);
    }

    [Fact]
    public void ProblemsOfAllStagesAreReportedTogether()
    {
        string yaml = Two.Replace("text: x", "txet: x").Replace("seed: 6", "seed: six");

        var error = Assert.Throws<InputException>(() => PipelinePlan.Make(Load(yaml), new RunChoices { Out = _folder["run"] }, TimeProvider.System));

        string[] lines = error.Message.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Contains("p.yaml:4: key `txet`", lines[0]);
        Assert.Contains("p.yaml:5: key `seed`: `six`", lines[1]);
    }

    [Fact]
    public async Task ABareWordMayNameSomethingBuiltIn()
    {
        await Run(Two.Replace("inputs:", "style: fancy, inputs:"));
        _stages.Ran.Clear();

        await Run(Two.Replace("inputs:", "style: plain, inputs:"));

        Assert.Equal(["join"], _stages.Ran);
    }

    private Task<RunSummary> Run(string yaml, RunChoices? choices = null, CancellationToken cancellation = default) =>
        new PipelineRunner(TimeProvider.System).RunAsync(Load(yaml), (choices ?? new RunChoices()) with { Out = _folder["run"] }, _observer, cancellation);

    private PipelineFile Load(string yaml)
    {
        string path = _folder["p.yaml"];
        File.WriteAllText(path, yaml);
        return PipelineFile.Load(path, _stages.Kinds);
    }

    private sealed class Observer : IPipelineObserver
    {
        public List<string> Skipped { get; } = [];

        public void Report(ProgressEvent value) { }

        public void StageSkipped(PlannedStage stage, int number, int count) => Skipped.Add(stage.Id);

        public void StageStarted(PlannedStage stage, int number, int count) { }

        public void StageFinished(PlannedStage stage, RunManifest manifest) { }
    }
}
