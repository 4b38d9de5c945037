using Distill.Models;
using Distill.Runs;
using Distill.Tests.Models;
using Distill.Training;
using Distill.Weights;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

public sealed class TrainingLoopTests
{
    private static readonly TrainOptions Recipe = new()
    {
        SequenceLength = 32,
        BatchSize = 8,
        MicroBatchSize = 8,
        LearningRate = 5e-3,
        WarmupSteps = 3,
        CheckpointEvery = 5,
        Seed = 3,
    };

    // Counting upwards from a number: easy to learn, so that a loss that does not fall shows a mistake.
    private static readonly TrainingSample[] Samples =
        [.. Enumerable.Range(0, 40).Select(i => new TrainingSample((int[])[.. Enumerable.Range(0, 6 + (i % 9)).Select(j => 2 + ((i + j) % 40))], 2, $"trace-{i}"))];

    public static TheoryData<string> Families => ["qwen", "deepseek"];

    private static ModelConfig Shape(string family) => family == "qwen" ? TinyShapes.Qwen() : TinyShapes.DeepSeek();

    private sealed class Bench : IDisposable
    {
        public Bench(string family, string folder, TrainOptions? options = null)
        {
            Options = options ?? Recipe;
            Folder = folder;
            Student = TinyShapes.Random(Shape(family), trained: Options.TrainedType);
            Parameters = new FlatParameters(Student);
            Optimizer = new AdamW(Parameters, Options);
            Checkpoints = new Checkpoint(Path.Combine(folder, "checkpoints"), new Dictionary<string, string> { ["learning_rate"] = "0.001", ["seed"] = "3" });
        }

        public TrainOptions Options { get; }

        public string Folder { get; }

        public CausalLM Student { get; }

        public FlatParameters Parameters { get; }

        public AdamW Optimizer { get; }

        public Checkpoint Checkpoints { get; }

        public TrainingState Train(int totalSteps, int? stopAfter = null)
        {
            TrainingState state = Checkpoints.Restore(Student, Parameters, Optimizer) ?? TrainingState.Start;
            using var metrics = new TrainingMetrics(Path.Combine(Folder, "metrics.jsonl"), state.Step);
            using var stop = new CancellationTokenSource();
            var progress = new StopAt(stop, stopAfter);
            return new TrainingLoop(Options, Student, Parameters, Optimizer, new BatchStream(Samples, Options, state.Position), Checkpoints)
                .Run(state, totalSteps, metrics, progress, stop.Token);
        }

        public double[] Losses() => [.. File.ReadLines(Path.Combine(Folder, "metrics.jsonl"))
            .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["loss"]!.GetValue<double>())];

        public void Dispose()
        {
            Optimizer.Dispose();
            Parameters.Dispose();
            Student.Dispose();
        }
    }

    private sealed class Said(List<string> lines) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value) => lines.Add(value.Line ?? "");
    }

    private sealed class StopAt(CancellationTokenSource stop, int? step) : IProgress<ProgressEvent>
    {
        public void Report(ProgressEvent value)
        {
            if (value.Completed == step) stop.Cancel();
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void TheLossFalls(string family)
    {
        using var folder = new TemporaryFolder();
        using var bench = new Bench(family, folder.Path);
        bench.Train(40);
        double[] losses = bench.Losses();
        Assert.Equal(40, losses.Length);
        Assert.True(losses[^5..].Average() < losses[..5].Average() / 2, $"from {losses[0]} to {losses[^1]}");
    }

    [Theory]
    [InlineData("qwen", Precision.Float32), InlineData("qwen", Precision.BFloat16), InlineData("qwen", Precision.BFloat16Stochastic)]
    [InlineData("deepseek", Precision.Float32), InlineData("deepseek", Precision.BFloat16), InlineData("deepseek", Precision.BFloat16Stochastic)]
    public void AnInterruptedTrainingEndsWithTheSameBits(string family, Precision precision)
    {
        using TemporaryFolder whole = new(), broken = new();
        TrainOptions options = Recipe with { Precision = precision };
        using var uninterrupted = new Bench(family, whole.Path, options);
        uninterrupted.Train(17);

        using (var first = new Bench(family, broken.Path, options))
            Assert.Throws<OperationCanceledException>(() => first.Train(17, stopAfter: 8));
        using var second = new Bench(family, broken.Path, options);
        TrainingState end = second.Train(17);

        Assert.Equal(17, end.Step);
        foreach ((FlatPart expected, FlatPart actual) in uninterrupted.Parameters.Parts.Zip(second.Parameters.Parts))
            Assert.Equal(TinyShapes.Floats(expected.Values), TinyShapes.Floats(actual.Values));
        foreach (((string name, var expected), (string _, var actual)) in uninterrupted.Student.named_parameters().Zip(second.Student.named_parameters()))
            Assert.True(TinyShapes.Floats(uninterrupted.Optimizer.Exact(expected)).SequenceEqual(TinyShapes.Floats(second.Optimizer.Exact(actual))), name);
        Assert.Equal(uninterrupted.Losses(), second.Losses());
        foreach (((string name, var expected), (string _, var actual)) in uninterrupted.Student.named_buffers().Zip(second.Student.named_buffers()))
            Assert.True(TinyShapes.Floats(expected).SequenceEqual(TinyShapes.Floats(actual)), name);
    }

    [Fact]
    public void MomentsInEightBitsAreKeptAsTheyAre()
    {
        using TemporaryFolder whole = new(), broken = new();
        TrainOptions options = Recipe with { Moments = MomentFormat.Int8 };
        using var uninterrupted = new Bench("qwen", whole.Path, options);
        uninterrupted.Train(9);
        using (var first = new Bench("qwen", broken.Path, options))
            Assert.Throws<OperationCanceledException>(() => first.Train(9, stopAfter: 4));
        using (SafetensorsFile state = SafetensorsFile.Open(Path.Combine(broken.Path, "checkpoints", "step-000004", "state.safetensors")))
            Assert.Equal(TensorType.I8, state.Tensors.Single(tensor => tensor.Name == "mean.numbers").Type);
        using var second = new Bench("qwen", broken.Path, options);
        second.Train(9);
        Assert.Equal(TinyShapes.Floats(uninterrupted.Parameters.Parts[0].Values), TinyShapes.Floats(second.Parameters.Parts[0].Values));
    }

    [Fact]
    public void AKilledTrainingGoesOnFromItsLastCheckpoint()
    {
        using TemporaryFolder whole = new(), broken = new();
        using var uninterrupted = new Bench("qwen", whole.Path);
        uninterrupted.Train(12);

        using (var first = new Bench("qwen", broken.Path)) first.Train(7); // its schedule ends at 7, like a crash it leaves step 5 and 7 behind
        Directory.Delete(Path.Combine(broken.Path, "checkpoints", "step-000007"), recursive: true);
        using var second = new Bench("qwen", broken.Path);
        Assert.Equal(12, second.Train(12).Step);
        Assert.Equal(Enumerable.Range(1, 12), File.ReadLines(broken["metrics.jsonl"])
            .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["step"]!.GetValue<int>()));
    }

    /// <summary>What a disk or a hand may have done to a checkpoint.</summary>
    public static TheoryData<string> Damages => ["cut", "another byte", "no tensors", "no state", "empty state", "{}"];

    private static void Damage(string checkpoint, string how)
    {
        string tensors = Path.Combine(checkpoint, "state.safetensors"), state = Path.Combine(checkpoint, "state.json");
        if (how == "no tensors") File.Delete(tensors);
        else if (how == "no state") File.Delete(state);
        else if (how is "empty state" or "{}") File.WriteAllText(state, how == "{}" ? how : "");
        else
        {
            using FileStream file = File.Open(tensors, FileMode.Open);
            file.Position = file.Length / 2;
            if (how == "cut")
            {
                file.SetLength(file.Position);
                return;
            }
            int before = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(before ^ 1));
        }
    }

    [Theory, MemberData(nameof(Damages))]
    public void ADamagedCheckpointFallsBackToTheOneBefore(string how)
    {
        using var folder = new TemporaryFolder();
        using (var first = new Bench("qwen", folder.Path)) first.Train(10);
        string newest = Path.Combine(folder.Path, "checkpoints", "step-000010");
        Damage(newest, how);
        using var second = new Bench("qwen", folder.Path);
        var said = new List<string>();
        Assert.Equal(5, second.Checkpoints.Restore(second.Student, second.Parameters, second.Optimizer, new Said(said))!.Step);
        Assert.EndsWith("step-000010: is damaged, and set aside as step-000010.damaged; going on from the checkpoint before it", Assert.Single(said), StringComparison.Ordinal);
        Assert.True(Directory.Exists(newest + ".damaged"));
    }

    [Fact]
    public void WhereNoCheckpointIsWholeTrainingBeginsAnewAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        using (var first = new Bench("qwen", folder.Path)) first.Train(5);
        Damage(Path.Combine(folder.Path, "checkpoints", "step-000005"), "cut");
        using var second = new Bench("qwen", folder.Path);
        var said = new List<string>();
        Assert.Null(second.Checkpoints.Restore(second.Student, second.Parameters, second.Optimizer, new Said(said)));
        Assert.EndsWith("there is no checkpoint before it: starting from the beginning", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public void ADamagedCheckpointTakesNoWholeOnesPlace()
    {
        using var folder = new TemporaryFolder();
        TrainOptions one = Recipe with { KeepCheckpoints = 1 };
        using (var first = new Bench("qwen", folder.Path)) first.Train(10); // 5 and 10 are kept
        Damage(Path.Combine(folder.Path, "checkpoints", "step-000010"), "another byte");
        using (var second = new Bench("qwen", folder.Path, one)) Assert.Throws<OperationCanceledException>(() => second.Train(12, stopAfter: 7));
        using var third = new Bench("qwen", folder.Path, one);
        Assert.Equal(7, third.Checkpoints.Restore(third.Student, third.Parameters, third.Optimizer)!.Step);
    }

    [Fact]
    public void CheckpointsBeyondAMillionUpdatesAreFound()
    {
        using var folder = new TemporaryFolder();
        using var bench = new Bench("qwen", folder.Path);
        foreach (int step in (int[])[999_999, 1_000_000, 1_000_200]) bench.Checkpoints.Save(bench.Student, bench.Parameters, bench.Optimizer, TrainingState.Start with { Step = step }, keep: 2);
        Assert.Equal(["step-1000000", "step-1000200"], Directory.GetDirectories(folder["checkpoints"]).Select(Path.GetFileName).Order());
        Assert.Equal(1_000_200, bench.Checkpoints.Restore(bench.Student, bench.Parameters, bench.Optimizer)!.Step);
    }

    [Fact]
    public void AJumpIsSeenAfterAResumeAsWell()
    {
        using var folder = new TemporaryFolder();
        using (var metrics = new TrainingMetrics(folder["metrics.jsonl"], 0))
            for (int step = 1; step <= 90; step++) metrics.Write(new StepMetrics(step, step <= 10 ? 100 : 0.5, 1e-3, 1, step, 1));
        using var resumed = new TrainingMetrics(folder["metrics.jsonl"], 80);
        Assert.Equal(64, resumed.Losses.Count);
        StepBatches batches = new([[[new TrainingSample((int[])[1, 2, 3], 1, "trace-7")]]], 2, 3);
        Assert.Contains("from a median of 0.500", Assert.Throws<InputException>(() => new LossWatch(4, resumed.Losses).Check(81, 3, 1, batches)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckpointsOfMoreThanAMillionStepsAreFoundAndForgottenLikeOthers()
    {
        using var folder = new TemporaryFolder();
        using (var first = new Bench("qwen", folder.Path)) first.Train(10);
        string checkpoints = Path.Combine(folder.Path, "checkpoints");
        Directory.Move(Path.Combine(checkpoints, "step-000010"), Path.Combine(checkpoints, "step-1000010"));
        Directory.CreateDirectory(Path.Combine(checkpoints, "step-1000015.partial")); // a crash left it
        using var second = new Bench("qwen", folder.Path);
        TrainingState state = second.Checkpoints.Restore(second.Student, second.Parameters, second.Optimizer)!;
        Assert.Equal(10, state.Step);
        second.Checkpoints.Save(second.Student, second.Parameters, second.Optimizer, state with { Step = 1_000_020 }, keep: 1);
        Assert.Equal(["step-1000015.partial", "step-1000020"], Directory.GetDirectories(checkpoints).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ACheckpointOfOtherOptionsIsRefused()
    {
        using var folder = new TemporaryFolder();
        using (var first = new Bench("qwen", folder.Path)) first.Train(5);
        using var second = new Bench("qwen", folder.Path);
        var other = new Checkpoint(Path.Combine(folder.Path, "checkpoints"), new Dictionary<string, string> { ["learning_rate"] = "0.002", ["seed"] = "3", ["method"] = "lora" });
        string message = Assert.Throws<InputException>(() => other.Restore(second.Student, second.Parameters, second.Optimizer)).Message;
        Assert.EndsWith("belongs to a training with other settings: learning_rate was 0.001, now 0.002; method was not set, now lora", message, StringComparison.Ordinal);
    }

    [Theory, InlineData(1), InlineData(3), InlineData(8)]
    public void MicroBatchesChangeNothing(int rows)
    {
        using TemporaryFolder whole = new(), parts = new();
        using Bench one = new("qwen", whole.Path), many = new("qwen", parts.Path, Recipe with { MicroBatchSize = rows });
        one.Train(4);
        many.Train(4);
        Assert.All(one.Losses().Zip(many.Losses()), pair => Assert.InRange(pair.Second, pair.First - 1e-5, pair.First + 1e-5));
        Assert.True(TinyShapes.LargestDifference(one.Parameters.Parts[0].Values, many.Parameters.Parts[0].Values) < 1e-4);
    }

    [Theory, MemberData(nameof(Families))]
    public void PackingChangesNeitherLossNorGradients(string family)
    {
        using TemporaryFolder a = new(), b = new();
        using Bench packed = new(family, a.Path), apart = new(family, b.Path);
        TrainingSample[] samples = Samples[..6];
        int tokens = samples.Sum(sample => sample.LossTokens);
        double loss = Backward(packed.Student, [samples[..3], samples[3..]], tokens);
        double expected = samples.Sum(sample => Backward(apart.Student, [[sample]], tokens));
        Assert.Equal(expected, loss, 5);
        Assert.True(TinyShapes.LargestDifference(packed.Parameters.Parts[0].Gradients, apart.Parameters.Parts[0].Gradients) < 1e-5);

        static double Backward(CausalLM student, IReadOnlyList<IReadOnlyList<TrainingSample>> rows, int lossTokens)
        {
            using var scope = NewDisposeScope();
            using var batch = PackedBatch.Of(rows, CPU);
            return CausalLoss.Backward(student, student.Hidden(batch.InputIds, batch.Positions, batch.Mask), batch, lossTokens);
        }
    }

    [Fact]
    public void ALossThatIsNotANumberStopsTheTrainingAndNamesTheSamples()
    {
        using var folder = new TemporaryFolder();
        using var bench = new Bench("qwen", folder.Path);
        using (no_grad()) bench.Parameters.Parts[0].Values[0] = float.NaN;
        string message = Assert.Throws<InputException>(() => bench.Train(3)).Message;
        Assert.Contains("step 1", message, StringComparison.Ordinal);
        Assert.Contains("trace-", message, StringComparison.Ordinal);
    }

    [Fact]
    public void PatienceEndsTheTrainingWithTheBestWeights() => PatienceEndsTheTrainingWithTheBest(Precision.Float32);

    [Fact]
    public void TheBestWeightsAreTheirOriginalsToo() => PatienceEndsTheTrainingWithTheBest(Precision.BFloat16);

    private static void PatienceEndsTheTrainingWithTheBest(Precision precision)
    {
        using var folder = new TemporaryFolder();
        // Held-out samples count from other numbers than the training samples: soon they get worse.
        TrainOptions options = Recipe with { HeldOutShare = 0.3, HeldOutEvery = 2, Patience = 2, Precision = precision };
        using var bench = new Bench("qwen", folder.Path, options);
        (IReadOnlyList<TrainingSample> training, HeldOut? heldOut) = HeldOut.Divide(Samples, options);
        Assert.Equal(Samples.Length, training.Count + Samples.Except(training).Count());
        Assert.InRange(training.Count, 20, 36);
        using var metrics = new TrainingMetrics(folder["metrics.jsonl"], 0);

        TrainingState state = new TrainingLoop(options, bench.Student, bench.Parameters, bench.Optimizer,
            new BatchStream(training, options, new(0, 0)), bench.Checkpoints, heldOut).Run(TrainingState.Start, 400, metrics, new StopAt(new(), null), default);

        Assert.True(state.Step < 400, "overfitting is not seen");
        Assert.Equal(state.BestStep + 4, state.Step);
        Assert.Equal(state.LowestHeldOutLoss!.Value, heldOut!.Loss(bench.Student), 6);
        if (precision == Precision.Float32) return;
        using SafetensorsFile best = SafetensorsFile.Open(Path.Combine(folder.Path, "checkpoints", "best", "state.safetensors"));
        Tensor rest = empty(bench.Parameters.Parts[0].Values.shape, ScalarType.Int16);
        TensorBytes.Read(best, "parameters.rest", rest);
        Assert.NotEqual(0, rest.abs().sum().item<long>());
        Assert.Equal(rest.data<short>().ToArray(), bench.Optimizer.Masters.Single().Tensor.data<short>().ToArray());
    }

    [Fact]
    public void WhatIsHeldOutDoesNotDependOnTheOrder()
    {
        TrainOptions options = Recipe with { HeldOutShare = 0.3 };
        Assert.Equal(HeldOut.Divide(Samples, options).Training.Select(sample => sample.Id).Order(),
            HeldOut.Divide([.. Samples.Reverse()], options).Training.Select(sample => sample.Id).Order());
    }
}
