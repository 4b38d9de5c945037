using System.Text.Json.Nodes;
using Distill.Curation;
using Distill.Runs;
using Distill.Teacher;
using Distill.Traces;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

/// <summary>A teacher's probabilities from teacher-gen through curate to a student.</summary>
public sealed class DistillationRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private async Task Teach(int width = 6, string teacher = "teacher")
    {
        TinyModels.DeepSeekV3(_folder[teacher]);
        File.WriteAllLines(_folder["p.jsonl"], Enumerable.Range(0, 24).Select(i => $$"""{"prompt":"Compute {{i * 37}}+{{i}}.","answer":"{{i * 38}}"}"""));
        await TraceGeneration.RunAsync(new TeacherGenOptions
        {
            Prompts = _folder["p.jsonl"],
            Teacher = _folder[teacher],
            MaxTokens = 20,
            BatchSize = 8,
            Temperature = 1,
            TopLogprobs = width,
            MaxTruncated = 1,
            Verify = ["none"],
            Out = _folder["traces"],
        }, new Progress<ProgressEvent>(), default);
        await TraceCuration.RunAsync(new CurateOptions { Traces = [_folder["traces"]], Verdicts = [VerdictPolicy.All], Filters = [], Out = _folder["curated"] }, new Progress<ProgressEvent>(), default);
    }

    private TrainOptions Options(TrainingObjective objective) => new()
    {
        Student = _folder["student"],
        Data = _folder["curated"],
        Out = _folder["out"],
        Objective = objective,
        DistillWeight = 1,
        MaxSteps = 30,
        BatchSize = 4,
        MicroBatchSize = 2,
        SequenceLength = 96,
        LearningRate = 3e-3,
        WarmupSteps = 2,
        CheckpointEvery = 4,
        TokenCache = _folder["cache"],
        Threads = 1,
    };

    private static Task<TrainResult> Train(TrainOptions options, IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default) =>
        TrainStage.RunAsync(options, progress ?? new Progress<ProgressEvent>(), cancellation);

    private static double[] Losses(string folder) => [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];

    [Fact]
    public async Task AStudentLearnsTheTeachersDistributionAndResumesToTheBit()
    {
        await Teach();
        TinyModels.Qwen2(_folder["student"]);
        Trace[] traces = [.. TraceReader.Read(_folder["curated"])];
        Assert.NotEmpty(traces);
        Assert.All(traces, trace => Assert.Equal(trace.Completion.CompletionTokens, trace.Completion.TopLogProbabilities!.Tokens.Length));

        await Train(Options(TrainingObjective.ForwardKl));
        double[] losses = Losses(_folder["out"]);
        Assert.True(losses[^5..].Average() < losses[..5].Average() * 0.6, $"from {losses[0]} to {losses[^1]}");

        using var stop = new CancellationTokenSource();
        TrainOptions broken = Options(TrainingObjective.ForwardKl) with { Out = _folder["broken"] };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(broken, new StopAt(stop, 11), stop.Token));
        await Train(broken);
        Assert.Equal(Fingerprint.OfFile(_folder["out/model/model.safetensors"]), Fingerprint.OfFile(_folder["broken/model/model.safetensors"]));
        Assert.Equal(losses, Losses(_folder["broken"]));
    }

    [Theory, InlineData(TrainingObjective.ReverseKl), InlineData(TrainingObjective.Jsd), InlineData(TrainingObjective.SkewedKl), InlineData(TrainingObjective.SkewedReverseKl)]
    public async Task EveryDivergenceFalls(TrainingObjective objective)
    {
        await Teach(width: TinyModels.TokenCount); // a student that knows nothing learns the rest of six tokens slowly, whichever way it is compared
        TinyModels.Qwen2(_folder["student"]);
        await Train(Options(objective));
        double[] losses = Losses(_folder["out"]);
        Assert.True(losses[^5..].Average() < losses[..5].Average() * 0.85, $"from {losses[..5].Average()} to {losses[^5..].Average()}");
        Assert.Contains("distilled_tokens\": ", File.ReadAllText(_folder["out/preflight.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherTokenizerIsRefused()
    {
        await Teach();
        TinyModels.Qwen2(_folder["student"]);
        string tokenizer = _folder["student/tokenizer.json"];
        File.WriteAllText(tokenizer, File.ReadAllText(tokenizer).Replace("\"#\":35,\"$\":36", "\"$\":35,\"#\":36", StringComparison.Ordinal)); // two ids change places
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options(TrainingObjective.ForwardKl)));
        Assert.Contains("has another tokenizer than the student", e.Message, StringComparison.Ordinal);
        await Train(Options(TrainingObjective.CrossEntropy) with { MaxSteps = 1 });
    }

    [Fact]
    public async Task TracesWithoutProbabilitiesAreRefused()
    {
        await Teach(width: 0);
        TinyModels.Qwen2(_folder["student"]);
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options(TrainingObjective.Jsd)));
        Assert.Contains("no trace carries the teacher's log-probabilities", e.Message, StringComparison.Ordinal);
        Assert.Contains("--top-logprobs", e.Hint!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TextThatWasChangedNoLongerFitsItsTokens()
    {
        await Teach();
        TinyModels.Qwen2(_folder["student"]);
        Trace[] traces = [.. TraceReader.Read(_folder["curated"])];
        traces[0] = traces[0] with { Completion = traces[0].Completion with { Reasoning = "something else" } };
        TraceWriter.WritePart(_folder["changed.parquet"], traces);
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options(TrainingObjective.ForwardKl) with { Data = _folder["changed.parquet"] }));
        Assert.Contains($"trace {traces[0].Id}: the teacher's tokens say something else than its text", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DroppingTheReasoningDropsTheProbabilities()
    {
        await Teach();
        await TraceCuration.RunAsync(new CurateOptions { Traces = [_folder["traces"]], Verdicts = [VerdictPolicy.All], Filters = [], DropReasoning = true, Out = _folder["answers"] }, new Progress<ProgressEvent>(), default);
        Assert.All(TraceReader.Read(_folder["answers"]), trace => Assert.Null(trace.Completion.TopLogProbabilities));
    }

    private sealed class StopAt(CancellationTokenSource stop, int step) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value.Stage == "train" && value.Completed == step) stop.Cancel();
        }
    }
}
