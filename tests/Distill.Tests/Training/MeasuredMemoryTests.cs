using Distill.Models;
using Distill.Training;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Training;

/// <summary>The memory plan against the bytes that tensors take in a real update. Trainings of real size: <c>tests/Distill.Benchmarks</c>, <c>training-memory</c>.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MeasuredMemoryTests
{
    private static readonly ModelConfig Shape = new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = 4096,
        HiddenSize = 256,
        IntermediateSize = 704,
        NumHiddenLayers = 6,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 64,
        MaxPositionEmbeddings = 4096,
        TieWordEmbeddings = true,
    };

    private static readonly TrainOptions Full = new() { MicroBatchSize = 2, SequenceLength = 512 }, Lora = Full with { Method = TrainingMethod.Lora };

    /// <summary>Settings by name.</summary>
    private static readonly Dictionary<string, TrainOptions> Settings = new()
    {
        ["full"] = Full,
        ["one long row"] = Full with { MicroBatchSize = 1, SequenceLength = 1024 },
        ["layers computed again"] = Full with { SequenceLength = 768, ActivationCheckpointing = true },
        ["in chunks"] = Full with { MicroBatchSize = 1, SequenceLength = 1024, SequenceChunk = 256 },
        ["moments of 8 bits"] = Full with { Moments = MomentFormat.Int8 },
        ["16 bits beside 32"] = Full with { Precision = Precision.BFloat16 },
        ["16 bits alone"] = Full with { Precision = Precision.BFloat16Stochastic, Moments = MomentFormat.Int8 },
        ["adapters, frozen in 16 bits"] = Lora with { FrozenWeights = WeightFormat.BFloat16 },
        ["adapters, frozen in 8 bits"] = Lora with { FrozenWeights = WeightFormat.Int8 },
        ["adapters, frozen in 4 bits, layers computed again"] = Lora with { SequenceLength = 768, FrozenWeights = WeightFormat.Int4, ActivationCheckpointing = true },
    };

    public static TheoryData<string> Names => [.. Settings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ThePlanIsWithinATenthOfWhatAnUpdateTakes(string name)
    {
        TorchRuntime.Initialize();
        Assert.SkipUnless(TensorMemory.IsInstalled, "the memory of tensors is counted on Linux and x64 only");
        TrainOptions options = Settings[name];
        MemoryPlan plan = MemoryPlan.Of(Shape, options);
        long measured = TensorMemory.PeakOf(() => Update(options, options.MicroBatchSize!.Value, options.SequenceLength!.Value));
        Assert.InRange((plan.Total - plan.Process) / (double)measured, 0.9, 1.1);
    }

    // The devices' peaks need not meet in time, so that the plan of all is only a bound here. What many micro-batches leave behind would be beyond it.
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, 128)]
    [InlineData(true, 128)]
    public void SeveralDevicesNeedNoMoreHoweverManyMicroBatchesThereAre(bool recompute, int? chunk)
    {
        TorchRuntime.Initialize();
        Assert.SkipUnless(TensorMemory.IsInstalled, "the memory of tensors is counted on Linux and x64 only");
        TrainOptions options = Full with { Device = "cpu,cpu,cpu", MicroBatchSize = 1, BatchSize = 24, SequenceLength = 384, ActivationCheckpointing = recompute, SequenceChunk = chunk };
        MemoryPlan plan = MemoryPlan.Of(Shape, options);
        long measured = TensorMemory.PeakOf(() => Update(options, 24, 384));
        Assert.InRange(measured, 0.5 * (plan.Total - plan.Process), 1.1 * (plan.Total - plan.Process));
    }

    private static void Update(TrainOptions options, int rows, int length)
    {
        using var scope = NewDisposeScope();
        bool frozen = options.Method == TrainingMethod.Lora;
        using var student = new CausalLM(Shape, TorchRuntime.Devices(options.Device), allocate: !frozen, options.TrainedType);
        if (frozen)
        {
            foreach (WeightMatrix matrix in student.modules().OfType<WeightMatrix>()) matrix.Freeze(options.FrozenWeights, (_, count) => randn(count, matrix.Columns));
            student.AddAdapters([.. options.LoraTargets], options.LoraShape, seed: 1);
        }
        else
        {
            student.InitializeWeights(1);
        }
        using var parameters = new FlatParameters(student);
        using var optimizer = new AdamW(parameters, options);
        var random = new Random(1);
        TrainingSample[][] all = [.. Enumerable.Range(0, rows).Select(_ =>
            new[] { new TrainingSample((int[])[.. Enumerable.Range(0, length).Select(_ => random.Next(Shape.VocabSize))], 1) })];
        var gradients = new GradientStep(student, options.ActivationCheckpointing, chunks: options.Chunks);
        gradients.Add(new StepBatches([.. all.Chunk(options.RowsPerPass)], rows * (length - 1), rows * length));
        parameters.Clip(1);
        optimizer.Step(1, 1e-4);
    }
}
