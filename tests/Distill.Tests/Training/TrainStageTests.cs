using System.Text.Json.Nodes;
using Distill.Diagnosis;
using Distill.Export.Gguf;
using Distill.Models;
using Distill.Pipelines;
using Distill.Prompts;
using Distill.Runs;
using Distill.Training;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Training;

/// <summary>The stage from options to model folder: measured on a suite, stopped, gone on with, refused.</summary>
public sealed class TrainStageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainStageTests()
    {
        TinyModels.Qwen2(_folder["student"]);
        Write("data.jsonl", 24);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string name, int rows) => File.WriteAllLines(_folder[name], Enumerable.Range(0, rows).Select(i =>
        $$"""{"id":"s{{i}}","messages":[{"role":"user","content":"Compute {{i}}+1."},{"role":"assistant","content":"<think>\n{{i}}+1 = {{i + 1}}\n</think>\n\n{{i + 1}}"}]}"""));

    private TrainOptions Options => new()
    {
        Student = _folder["student"],
        Data = _folder["data.jsonl"],
        Out = _folder["out"],
        TokenCache = _folder["cache"],
        MaxSteps = 12,
        BatchSize = 2,
        MicroBatchSize = 2,
        SequenceLength = 96,
        LearningRate = 1e-3,
        WarmupSteps = 1,
        CheckpointEvery = 3,
        Threads = 1,
    };

    private static Task<TrainResult> Train(TrainOptions options, IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default) =>
        TrainStage.RunAsync(options, progress ?? new Progress<ProgressEvent>(), cancellation, Suite);

    // Problems that no random student solves, and one that every completion solves.
    private static MeasuredSuite Suite(string path, int? samples, int? limit) => new("suite",
        [Prompt.FromUser("Compute 2+2.", "4") with { Id = "a" }, Prompt.FromUser("Compute 3+3.", "6") with { Id = "b" }],
        samples ?? 1, new() { Temperature = 1, TopP = 1, MaxTokens = 6 }, [path]);

    private JsonNode[] Metrics(string folder = "out") => [.. File.ReadLines(Path.Combine(_folder[folder], "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)];

    [Fact]
    public async Task ACardThatCannotBeReadIsToldBeforeTheTraining()
    {
        File.WriteAllText(Path.Combine(_folder["student"], ModelCard.FileName), "---\nlicense: [mit\n---\n");
        Assert.Contains("README.md:", (await Assert.ThrowsAsync<InputException>(() => Train(Options))).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out/checkpoints"]));
    }

    [Theory]
    [InlineData(TrainingMethod.Full)]
    [InlineData(TrainingMethod.Lora)]
    public async Task AStudentOfMorePositionsSaysSoInItsFolderAndItsGguf(TrainingMethod method)
    {
        await Train(Options with { MaxSteps = 1, MaxPositions = 4096, RopeTheta = 50_000, Method = method });

        ModelConfig config = ModelConfigFile.Load(_folder["out/model"]);
        Assert.Equal((4096, 50_000), (config.MaxPositionEmbeddings, config.RopeTheta));
        GgufExport.Write(_folder["out/model"], _folder["m.gguf"], GgufFileType.F16, "m");
        using (GgufReader file = GgufReader.Open(_folder["m.gguf"]))
            Assert.Equal((4096, 50_000.0), (file.Metadata.GetCount("qwen2.context_length"), file.Metadata.GetFloat("qwen2.rope.freq_base")));
        var examination = new Examination { Model = _folder["out/model"], Gguf = [_folder["m.gguf"]] };
        Assert.DoesNotContain(ModelDoctor.Examine(examination), finding => finding.Severity > Severity.Note);
        // The student is trained with that base, not only labelled with it.
        await Train(Options with { MaxSteps = 1, MaxPositions = 4096, Method = method, Out = _folder["other"] });
        Assert.NotEqual(Metrics()[0]["loss"]!.GetValue<double>(), Metrics("other")[0]["loss"]!.GetValue<double>());
    }

    [Theory]
    [InlineData("student")]
    [InlineData("tiny-qwen")] // whose tokenizer is learned first
    public async Task AnEmptyTrainingSetIsCalledSo(string student)
    {
        File.WriteAllText(_folder["none.jsonl"], "");
        TrainOptions options = Options with { Data = _folder["none.jsonl"], Student = student == "student" ? _folder["student"] : student };

        InputException refused = await Assert.ThrowsAsync<InputException>(() => Train(options));

        Assert.EndsWith("none.jsonl: the training set is empty", refused.Message, StringComparison.Ordinal);
        Assert.Equal("name a file or folder with at least one trace or conversation", refused.Hint);
        File.WriteAllText(_folder["funnel.json"], "{}");
        Assert.StartsWith($"look at {_folder["funnel.json"]}:", (await Assert.ThrowsAsync<InputException>(() => Train(options))).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SamplesBeyondTheStudentsPositionsAreRefused()
    {
        string text = string.Concat(Enumerable.Repeat("one and one ", 60));
        File.AppendAllText(_folder["data.jsonl"], $$"""{"id":"long","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"<think>\n{{text}}\n</think>\n\n2"}]}""" + "\n");
        TrainOptions options = Options with { MaxSteps = 1, SequenceLength = 4096, MaxPositions = 64 };

        InputException refused = await Assert.ThrowsAsync<InputException>(() => Train(options));

        Assert.Matches(@"^train: the longest sample has [\d,]+ tokens \(\w+\), the student 64 positions$", refused.Message);
        Assert.Contains("`--sequence-length 64`", refused.Hint);
        await Train(options with { MaxPositions = 4096 });
    }

    [Theory]
    [InlineData("eval_suite", "does not ask suites")]
    [InlineData("method", "trains every weight")]
    [InlineData("held_out_share", "keeps no samples out")]
    public async Task TorchrunRefusesWhatItIsNotTold(string option, string message)
    {
        TrainOptions options = Options with { Engine = TrainingEngine.Torchrun };
        options = option switch { "eval_suite" => options with { EvalSuite = "s" }, "method" => options with { Method = TrainingMethod.Lora }, _ => options with { HeldOutShare = 0.1 } };

        Assert.Contains(message, (await Assert.ThrowsAsync<InputException>(() => Train(options))).Message);
    }

    [Fact]
    public async Task TorchrunStartsFromTheBaseWithTheStudentsConfig()
    {
        TrainOptions options = Options with { Engine = TrainingEngine.Torchrun, Launcher = Launcher.Slurm, GpusPerNode = 2, MaxPositions = 4096, RopeTheta = 50_000 };

        await Assert.ThrowsAsync<InputException>(() => Train(options)); // waits to be started

        string folder = _folder["out/torchrun/base"];
        Assert.Contains($"model_name_or_path: \"{folder}\"", File.ReadAllText(_folder["out/torchrun/sft.yaml"]));
        ModelConfig config = ModelConfigFile.Load(folder);
        Assert.Equal((4096, 50_000), (config.MaxPositionEmbeddings, config.RopeTheta));
        Assert.Equal(File.ReadAllBytes(_folder["student/model.safetensors"]), File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.NotNull(new FileInfo(Path.Combine(folder, "model.safetensors")).LinkTarget);

        await Assert.ThrowsAsync<InputException>(() => Train(options with { MaxPositions = null, RopeTheta = null, Out = _folder["plain"] }));
        Assert.Contains($"model_name_or_path: \"{_folder["student"]}\"", File.ReadAllText(_folder["plain/torchrun/sft.yaml"]));
    }

    [Fact]
    public async Task TheSuiteIsAskedNowAndThenAndChangesNothing()
    {
        await Train(Options);
        await Train(Options with { Out = _folder["measured"], EvalSuite = "math", EvalEvery = 5, EvalSamples = 3 });
        JsonNode[] measured = [.. Metrics("measured").Where(line => line["pass@1"] is not null)];
        Assert.Equal([5, 10, 12], measured.Select(line => line["step"]!.GetValue<int>()));
        Assert.All(measured, line => Assert.InRange(line["pass@1"]!.GetValue<double>(), 0, 1));
        Assert.Equal(Metrics().Select(line => line["loss"]!.GetValue<double>()), Metrics("measured").Select(line => line["loss"]!.GetValue<double>()));
        Assert.Equal(Fingerprint.OfFile(_folder["out/model/model.safetensors"]), Fingerprint.OfFile(_folder["measured/model/model.safetensors"]));
    }

    [Fact]
    public async Task RowsInChunksLearnTheSame()
    {
        await Train(Options with { HeldOutShare = 0.2, HeldOutEvery = 4 });
        await Train(Options with { HeldOutShare = 0.2, HeldOutEvery = 4, Out = _folder["chunks"], SequenceChunk = 20 });
        foreach (string value in (string[])["loss", "held_out_loss"])
        {
            double[] expected = [.. Metrics().Where(line => line[value] is not null).Select(line => line[value]!.GetValue<double>())], actual = [.. Metrics("chunks").Where(line => line[value] is not null).Select(line => line[value]!.GetValue<double>())];
            Assert.NotEmpty(expected);
            Assert.Equal(expected.Length, actual.Length);
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4));
        }
    }

    [Fact]
    public async Task ChunksAreGoneOnWithAsTheyBegan()
    {
        await Train(Options with { SequenceChunk = 20, MaxSteps = 3 });
        var error = await Assert.ThrowsAsync<InputException>(() => Train(Options with { SequenceChunk = 32 }));
        Assert.Contains("sequence_chunk was 20, now 32", error.Message);
    }

    /// <summary>Values that nothing can be trained with, and what is said.</summary>
    public static TheoryData<string, string> WrongValues => new()
    {
        { "keep_checkpoints", "`keep_checkpoints` cannot be 0 / give a whole number, 1 or more" },
        { "learning_rate", "`learning_rate` cannot be Infinity / give a positive number" },
        { "held_out_share", "`held_out_share` cannot be 1 / give a share from 0, below 1" },
        { "sequence_length", "`sequence_length` cannot be 1 / give a whole number, 2 or more" },
        { "lora_targets", "`lora_targets` cannot be empty / give names of projections, e.g. `--lora-targets q_proj,v_proj`" },
        { "patience", "patience waits for measurements, and none are asked for / add `--held-out-share 0.02` (a share of the samples) or `--eval-suite` (a suite of problems), or leave `--patience` out" },
    };

    [Theory, MemberData(nameof(WrongValues))]
    public async Task AValueThatCannotBeIsNamedWithWhatCan(string option, string expected)
    {
        TrainOptions options = option switch
        {
            "keep_checkpoints" => Options with { KeepCheckpoints = 0 },
            "learning_rate" => Options with { LearningRate = double.PositiveInfinity },
            "held_out_share" => Options with { HeldOutShare = 1 },
            "sequence_length" => Options with { SequenceLength = 1 },
            "lora_targets" => Options with { Method = TrainingMethod.Lora, LoraTargets = [] },
            _ => Options with { Patience = 2 },
        };
        var e = await Assert.ThrowsAsync<InputException>(() => Train(options));
        Assert.Equal(expected, $"{e.Message["train: ".Length..]} / {e.Hint}");
    }

    [Theory]
    [InlineData(-1, false, TrainingEngine.InProcess, "`sequence_chunk`")]
    [InlineData(null, true, TrainingEngine.InProcess, "computed in chunks")]
    [InlineData(64, false, TrainingEngine.Torchrun, "computes whole rows")]
    public async Task ChunksThatCannotBeAreRefused(int? chunk, bool onCpu, TrainingEngine engine, string expected)
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Train(Options with { SequenceChunk = chunk, ActivationsOnCpu = onCpu, Engine = engine }));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public async Task PatienceEndsATrainingWhosePassRateStandsStill()
    {
        // The first measurement is the best so far, two more are not better.
        TrainResult result = await Train(Options with { MaxSteps = 40, EvalSuite = "math", EvalEvery = 3, Patience = 2 });
        Assert.Equal(9, result.Steps);
        Assert.True(Directory.Exists(_folder["out/checkpoints/best"]));
    }

    [Fact]
    public async Task AStoppedTrainingRemembersItsMeasurements()
    {
        TrainOptions options = Options with { MaxSteps = 40, EvalSuite = "math", EvalEvery = 3, Patience = 3 };
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(options, new StopAt(stop, 7), stop.Token));
        Assert.Equal(12, (await Train(options)).Steps);
    }

    [Fact]
    public async Task AMeasurementThatWasCutOffIsMadeAfterTheResume()
    {
        TrainOptions options = Options with { EvalSuite = "math", EvalEvery = 5, EvalSamples = 64, MaxSteps = 6 };
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(options, new StopAt(stop, 64, "train: suite"), stop.Token)); // half of it
        Assert.Equal(4, Metrics().Length);
        Assert.True(Directory.Exists(_folder["out/checkpoints/step-000005"]));

        await Train(options);
        await Train(options with { Out = _folder["whole"] });

        Assert.Equal([1, 2, 3, 4, 5, 6], Metrics().Select(line => line["step"]!.GetValue<int>()));
        Assert.Equal(Metrics("whole").Select(Measured), Metrics().Select(Measured));
        Assert.Equal(Fingerprint.OfFile(_folder["whole/model/model.safetensors"]), Fingerprint.OfFile(_folder["out/model/model.safetensors"]));

        static string Measured(JsonNode line) => $"{line["loss"]} {line["gradient_norm"]} {line["pass@1"]}";
    }

    [Fact]
    public async Task OtherSettingsAreNamedAndMoreUpdatesAreNone()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(Options, new StopAt(stop, 5), stop.Token));
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options with { LearningRate = 2e-3, Seed = 4 }));
        Assert.Contains("learning_rate was 0.001, now 0.002; seed was 17, now 4", e.Message, StringComparison.Ordinal);
        Write("data.jsonl", 23);
        Assert.Contains("data was ", (await Assert.ThrowsAsync<InputException>(() => Train(Options))).Message, StringComparison.Ordinal);
        Write("data.jsonl", 24);
        TinyModels.Qwen2(_folder["student"], seed: 9);
        Assert.Contains("student was ", (await Assert.ThrowsAsync<InputException>(() => Train(Options))).Message, StringComparison.Ordinal);
        TinyModels.Qwen2(_folder["student"]);
        Assert.Equal(15, (await Train(Options with { MaxSteps = 15, CheckpointEvery = 4, KeepCheckpoints = 1 })).Steps);
    }

    [Fact]
    public async Task AnotherLearningRateIsTakenOnRequest()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(Options, new StopAt(stop, 5), stop.Token));
        TrainOptions slower = Options with { LearningRate = 1e-4 };
        await Assert.ThrowsAsync<InputException>(() => Train(slower));
        Assert.Contains("seed was 17, now 4", (await Assert.ThrowsAsync<InputException>(() => Train(slower with { Extend = true, Seed = 4 }))).Message, StringComparison.Ordinal);

        var said = new List<string>();
        await Train(slower with { Extend = true }, new Said(said));

        Assert.Contains("train: goes on from step 5 with other settings: learning_rate was 0.001, now 0.0001", said);
        double[] rates = [.. Metrics().Select(line => line["learning_rate"]!.GetValue<double>())];
        Assert.Equal(12, rates.Length);
        Assert.True(rates[4] > 5e-4 && rates[5] < 1e-4);
        await Train(slower); // what it wrote since is of the new rate
    }

    [Fact]
    public async Task AFinishedTrainingIsGoneOnWithOnRequest()
    {
        await RunAlone("4");
        var e = await Assert.ThrowsAsync<InputException>(() => RunAlone("6"));
        Assert.EndsWith("max_steps was 4, now 6", e.Message, StringComparison.Ordinal);
        Assert.Contains("--extend", e.Hint!, StringComparison.Ordinal);
        Assert.Contains("seed was 17, now 3", (await Assert.ThrowsAsync<InputException>(() => RunAlone("6", ("extend", "true"), ("seed", "3")))).Message, StringComparison.Ordinal);
        RunManifest longer = await RunAlone("6", ("extend", "true"));
        Assert.Equal(6, longer.Results["steps"]!.GetValue<int>());
        Assert.Equal([1, 2, 3, 4, 5, 6], Metrics().Select(line => line["step"]!.GetValue<int>()));
        RunManifest slower = await RunAlone("7", ("extend", "true"), ("learning_rate", "1e-6"));
        Assert.Equal(7, slower.Results["steps"]!.GetValue<int>());
        Assert.InRange(Metrics()[6]["learning_rate"]!.GetValue<double>(), 0, 1e-6);
    }

    [Fact]
    public async Task AnAttemptThatLeftNothingIsInNobodysWay()
    {
        Assert.Contains("no projection", (await Assert.ThrowsAsync<InputException>(() => RunAlone("2", ("method", "lora"), ("lora_targets", "nope")))).Message, StringComparison.Ordinal);
        await RunAlone("2", ("method", "lora"), ("lora_targets", "q_proj"));
        Assert.Contains("lora_targets was", (await Assert.ThrowsAsync<InputException>(() => RunAlone("2", ("method", "lora"), ("lora_targets", "v_proj")))).Message, StringComparison.Ordinal);
    }

    private async Task<RunManifest> RunAlone(string steps, params (string Key, string Value)[] more)
    {
        StageKind kind = StageCatalog.All.Single(stage => stage.Name == "train");
        (string Key, string Value)[] values =
        [
            ("student", _folder["student"]), ("data", _folder["data.jsonl"]), ("out", _folder["out"]), ("token_cache", _folder["cache"]), ("max_steps", steps), ("batch_size", "2"),
            ("sequence_length", "96"), ("threads", "1"), .. more,
        ];
        return (await StageRun.RunAloneAsync(kind, [.. values.Select(value => new OptionValue(value.Key, [value.Value], "--" + value.Key))], replace: false,
            new Progress<ProgressEvent>(), TimeProvider.System, TestContext.Current.CancellationToken)).Manifest;
    }

    [Fact]
    public async Task ATokenizerWithMoreTokensThanTheModelIsRefused()
    {
        TinyModels.Write(_folder["small"], TinyModels.Dense(Distill.Models.Architecture.Qwen2) with { VocabSize = 100 });
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options with { Student = _folder["small"], SkipDoctor = true }));
        Assert.Contains($"the tokenizer has {TinyModels.TokenCount} tokens, the model only 100", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRecipeStandsInThePreflightWithItsSources()
    {
        await Train(Options with { MaxSteps = 1, WarmupSteps = null });
        JsonNode recipe = JsonNode.Parse(File.ReadAllText(_folder["out/preflight.json"]))!["recipe"]!;
        Assert.Equal(["learning_rate 0.001 given", "max_steps 1 given", "batch_size 2 given", "sequence_length 96 given", "warmup_steps 20 default", "min_learning_rate_ratio 0.1 as set", "precision float32 as set"],
            recipe.AsArray().Select(value => $"{value!["option"]} {value["value"]} {value["source"]}"));
    }

    [Theory]
    [InlineData(Precision.Float32, null, TensorType.F32), InlineData(Precision.BFloat16, null, TensorType.BF16), InlineData(Precision.BFloat16Stochastic, null, TensorType.BF16)]
    [InlineData(Precision.BFloat16, SavedWeights.Float32, TensorType.F32)]
    public async Task EveryPrecisionTrainsTheSameWithMatricesInTheComputersMemory(Precision precision, SavedWeights? saved, TensorType type)
    {
        TrainOptions options = Options with { Precision = precision, SavedWeights = saved, MaxSteps = 5, ActivationCheckpointing = true };
        await Train(options);
        await Train(options with { Out = _folder["far"], ParametersOnCpu = true });
        Assert.Equal(Metrics().Select(line => line["loss"]!.GetValue<double>()), Metrics("far").Select(line => line["loss"]!.GetValue<double>()));
        Assert.Equal(Fingerprint.OfFile(_folder["out/model/model.safetensors"]), Fingerprint.OfFile(_folder["far/model/model.safetensors"]));
        using SafetensorsFile model = SafetensorsFile.Open(_folder["out/model/model.safetensors"]);
        Assert.All(model.Tensors, tensor => Assert.Equal(type, tensor.Type));
        Assert.Equal(precision == Precision.BFloat16, File.ReadAllText(_folder["out/model/README.md"]).Contains("updates made on 32-bit originals", StringComparison.Ordinal));
    }

    [Theory, InlineData(Precision.BFloat16), InlineData(Precision.BFloat16Stochastic)]
    public async Task ThePrecisionBelongsToATraining(Precision precision)
    {
        using var stop = new CancellationTokenSource();
        TrainOptions options = Options with { Precision = precision };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Train(options, new StopAt(stop, 5), stop.Token));
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options));
        Assert.Contains($"precision was {(precision == Precision.BFloat16 ? "bfloat16" : "bfloat16-stochastic")}, now float32", e.Message, StringComparison.Ordinal);
        await Train(options);
        await Train(options with { Out = _folder["whole"] });
        Assert.Equal(Fingerprint.OfFile(_folder["whole/model/model.safetensors"]), Fingerprint.OfFile(_folder["out/model/model.safetensors"]));
    }

    [Fact]
    public async Task APrecisionThatNothingWouldHaveIsRefused()
    {
        var e = await Assert.ThrowsAsync<InputException>(() => Train(Options with { Method = TrainingMethod.Lora, Precision = Precision.BFloat16 }));
        Assert.Equal("train: adapters are always trained in 32-bit floats, whatever the precision", e.Message);
        Assert.Contains("--frozen-weights", e.Hint!, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<InputException>(() => Train(Options with { Engine = TrainingEngine.Torchrun, Precision = Precision.BFloat16Stochastic }));
        Assert.StartsWith("train: the torchrun engine", e.Message, StringComparison.Ordinal);
    }

    private sealed class Said(List<string> lines) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value.Line is { } line) lines.Add(line);
        }
    }

    private sealed class StopAt(CancellationTokenSource stop, int step, string stage = "train") : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value.Stage == stage && value.Completed == step) stop.Cancel();
        }
    }
}
