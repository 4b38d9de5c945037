using Distill.Models;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class MemoryPlanTests
{
    // Qwen2.5-1.5B.
    private static readonly ModelConfig Shape = new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = 151_936,
        HiddenSize = 1536,
        IntermediateSize = 8960,
        NumHiddenLayers = 28,
        NumAttentionHeads = 12,
        NumKeyValueHeads = 2,
        HeadDim = 128,
        MaxPositionEmbeddings = 32_768,
        TieWordEmbeddings = true,
    };

    [Fact]
    public void FullTrainingTakesSixteenBytesAParameter()
    {
        MemoryPlan plan = MemoryPlan.Of(Shape, new TrainOptions());
        Assert.Equal(1_543_714_304L * 16, plan.Weights + plan.Gradients + plan.Moments);
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16, 2.0)]
    [InlineData(WeightFormat.Int8, 1.0625)]
    [InlineData(WeightFormat.Int4, 0.5625)]
    public void FrozenWeightsTakeTheirFormat(WeightFormat format, double bytes)
    {
        var options = new TrainOptions { Method = TrainingMethod.Lora, FrozenWeights = format };
        long adapters = MemoryPlan.Of(Shape, options).Gradients;
        Assert.Equal(18_464_768 * 4, adapters); // rank 16 beside seven projections of 28 layers
        Assert.InRange(MemoryPlan.Of(Shape, options).Weights - adapters, 1.543e9 * bytes, 1.546e9 * bytes);
    }

    [Fact]
    public void LessIsNeededStepByStep()
    {
        long[] totals = [.. MemoryPlan.Alternatives(new TrainOptions { MicroBatchSize = 8 }).Select(other => MemoryPlan.Of(Shape, other.Options).Total)];
        Assert.Equal(totals.OrderDescending(), totals);
    }

    [Fact]
    public void ActivationsGrowWithTheLengthAndNotFaster()
    {
        long At(int length) => MemoryPlan.Of(Shape, new TrainOptions { SequenceLength = length, MicroBatchSize = 1 }).Activations;
        Assert.InRange(At(4096) - (8 * At(512)), -8, 8); // rounded
    }

    [Fact]
    public void RunningOutOfMemorySaysWhatToChange()
    {
        var error = OutOfMemory.Explain(new InvalidOperationException("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."), new TrainOptions { Student = "tiny-qwen" });
        Assert.Contains("needs about", error!.Message);
        Assert.Contains("--micro-batch-size 1", error.Hint!);
        Assert.Null(OutOfMemory.Explain(new InvalidOperationException("index out of range"), new TrainOptions { Student = "tiny-qwen" }));
    }
}
