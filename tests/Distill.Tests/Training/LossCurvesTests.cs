using System.Globalization;
using Distill.Models;
using Distill.Runs;
using Distill.Tests.Models;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

/// <summary>
/// The losses of fifty updates as they were when they were stored: a change of data order, loss, optimizer or schedule shows here even where every
/// other test still holds. Compared to 1 %, which is a hundred times what other thread counts and processors move.
/// <para>
/// After a change that is meant: <c>DISTILL_PRINT_CURVES=1 dotnet tests/Distill.Tests/bin/Release/net10.0/Distill.Tests.dll -class
/// Distill.Tests.Training.LossCurvesTests -showLiveOutput</c> prints the new <c>LossCurvesTests.Tables.cs</c>'s entries.
/// </para>
/// </summary>
public sealed partial class LossCurvesTests
{
    private const double Tolerance = 0.01;

    private static readonly TrainOptions Recipe = new()
    {
        SequenceLength = 32,
        BatchSize = 8,
        MicroBatchSize = 4,
        LearningRate = 2e-3,
        WarmupSteps = 5,
        CheckpointEvery = 1000,
        Seed = 3,
        DistillWeight = 0.7,
        DistillTemperature = 1.5,
    };

    private static readonly TrainingSample[] Samples = [.. Enumerable.Range(0, 60).Select(Sample)];

    public static TheoryData<string> Names => [.. Stored.Keys];

    // Counting upwards; the teacher is fairly sure of the next number and thinks of the one after it.
    private static TrainingSample Sample(int i)
    {
        int[] tokens = [.. Enumerable.Range(0, 6 + (i % 9)).Select(j => 2 + ((i + j) % 40))];
        return new(tokens, 2, $"trace-{i}")
        {
            Teacher = new(3, (int[])[.. tokens[2..].SelectMany(token => new[] { token, (token + 1) % 48, (token + 7) % 48 })],
                (Half[])[.. tokens[2..].SelectMany(_ => new[] { (Half)(-0.3), (Half)(-1.8), (Half)(-3.2) })]),
        };
    }

    [Theory, MemberData(nameof(Names))]
    public void FiftyUpdatesGiveTheStoredLosses(string name)
    {
        double[] losses = Losses(name);
        if (Environment.GetEnvironmentVariable("DISTILL_PRINT_CURVES") is not null)
            TestContext.Current.TestOutputHelper?.WriteLine($"[\"{name}\"] = [{string.Join(", ", losses.Select(loss => loss.ToString("F4", CultureInfo.InvariantCulture)))}],");
        Assert.Equal(50, losses.Length);
        for (int step = 0; step < losses.Length; step++)
            Assert.True(Math.Abs(losses[step] - Stored[name][step]) <= Tolerance * Stored[name][step], $"step {step + 1}: {losses[step]:F4}, stored {Stored[name][step]:F4}");
        if (name.StartsWith("bfloat16", StringComparison.Ordinal)) HoldNear(Stored["full"], losses, tolerance: 0.02);
    }

    // Rounding moves a loss here and there; what the weights lose to it must not add up.
    private static void HoldNear(double[] full, double[] losses, double tolerance)
    {
        double[] apart = [.. losses.Zip(full, (loss, expected) => Math.Abs(loss - expected) / expected)];
        Assert.True(apart.Max() <= tolerance, $"step {Array.IndexOf(apart, apart.Max()) + 1}: {apart.Max():P2} from the loss in 32 bits");
        Assert.True(apart.Average() <= tolerance / 5, $"{apart.Average():P2} on average");
    }

    private static double[] Losses(string name)
    {
        TrainOptions options = name switch
        {
            "unpacked" => Recipe with { Packing = false },
            "lora" => Recipe with { Method = TrainingMethod.Lora, FrozenWeights = WeightFormat.Float32, LearningRate = 1e-2 },
            "bfloat16" => Recipe with { Precision = Precision.BFloat16 },
            "bfloat16-stochastic" => Recipe with { Precision = Precision.BFloat16Stochastic },
            "forward-kl" => Recipe with { Objective = TrainingObjective.ForwardKl },
            _ => Recipe,
        };
        using var folder = new TemporaryFolder();
        using CausalLM student = TinyShapes.Random(name == "experts" ? TinyShapes.DeepSeek() : TinyShapes.Qwen(), trained: options.TrainedType);
        if (options.Method == TrainingMethod.Lora) student.AddAdapters([.. options.LoraTargets], options.LoraShape, 5);
        using var parameters = new FlatParameters(student);
        using var optimizer = new AdamW(parameters, options);
        using (var metrics = new TrainingMetrics(folder["metrics.jsonl"], 0))
        {
            var loop = new TrainingLoop(options, student, parameters, optimizer, new BatchStream(Samples, options, new(0, 0)), new Checkpoint(folder["checkpoints"], new Dictionary<string, string>()));
            loop.Run(TrainingState.Start, 50, metrics, new Progress<ProgressEvent>(), default);
        }
        return [.. File.ReadLines(folder["metrics.jsonl"]).Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
    }
}
