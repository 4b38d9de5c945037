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
    [InlineData("cuda", 1)]
    [InlineData("cuda:0,cuda:1,cuda:2", 3)]
    public void DevicesShareTheModel(string device, int count)
    {
        var options = new TrainOptions { Device = device, SequenceLength = 2048, MicroBatchSize = 1, BatchSize = 8 };
        var parts = MemoryPlan.PerDevice(Shape, options);

        Assert.Equal(count, parts.Count);
        Assert.Equal(Shape.NumHiddenLayers, parts.Sum(item => item.Part.Layers));
        Assert.Equal(MemoryPlan.Of(Shape, new TrainOptions()).Weights, parts.Sum(item => item.Plan.Weights));
        Assert.Equal(parts.Sum(item => item.Plan.Total), MemoryPlan.Of(Shape, options) is var all ? all.Total - all.Process : 0);
        Assert.All(parts, item => Assert.Equal(item.Part.IsLast, item.Plan.Logits + item.Plan.Activations > 0 && item.Part.UnderWay == 1));
        if (count == 1) return;
        Assert.Equal([10, 9, 9], parts.Select(item => item.Part.Layers)); // as DeviceMap.OfLayer divides 28
        Assert.Equal([3, 2, 1], parts.Select(item => item.Part.UnderWay));
        Assert.Equal(151_936L * 1536 * 4, parts[0].Plan.Weights - (parts[1].Plan.Weights / 9 * 10)); // the embedding
        Assert.Equal(parts[1].Plan.Activations, parts[0].Plan.Activations * 2 / 3, parts[1].Plan.Activations / 5);
    }

    [Fact]
    public void WhatStaysInTheComputersMemoryIsSaid()
    {
        var gpu = new TrainOptions { Device = "cuda", Precision = Precision.BFloat16 };
        Assert.Equal(0, MemoryPlan.Of(Shape, gpu).OnCpu);
        MemoryPlan moments = MemoryPlan.Of(Shape, gpu with { OptimizerOnCpu = true }), all = MemoryPlan.Of(Shape, gpu with { ParametersOnCpu = true });
        Assert.InRange(moments.OnCpu, 1.543e9 * 10, 1.545e9 * 10); // moments, and the other half of the originals
        Assert.Equal(MemoryPlan.Of(Shape, gpu).Weights + all.Gradients + all.Moments, all.OnCpu);
        Assert.Equal((32L << 20) * 8, all.Weights - MemoryPlan.Of(Shape, gpu).Weights); // a slice of the embedding, and one of its gradient
        Assert.Equal(0, MemoryPlan.Of(Shape, gpu with { Device = "cpu", ParametersOnCpu = true }).OnCpu);
        TrainOptions recomputed = gpu with { ParametersOnCpu = true, ActivationCheckpointing = true };
        Assert.InRange(MemoryPlan.Of(Shape, recomputed).Weights - MemoryPlan.Of(Shape, gpu).Weights, 46.8e6 * 6 * 0.99, 46.8e6 * 6 * 1.01); // a layer, and its gradients
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

    // What is most beside the kept results is the logits of a few rows in short rows, and a layer's gradients in long ones.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MemoryGrowsWithTheLengthAndNotFaster(bool recompute)
    {
        long At(int length) => MemoryPlan.Of(Shape, new TrainOptions { SequenceLength = length, MicroBatchSize = 1, ActivationCheckpointing = recompute, SequenceChunk = 0 }).Total;
        double slope = (At(16_384) - At(8192)) / 8192.0;
        Assert.Equal(slope, (At(8192) - At(4096)) / 4096.0, 2.0);
        Assert.InRange((At(2048) - At(512)) / 1536.0, 0.7 * slope, slope);
    }

    // Qwen2.5-1.5B, 512 tokens: in each of 28 layers two norms' inputs and outputs, queries and what is mixed, keys and values, a sum per head, gate and up.
    [Fact]
    public void ActivationsAreTheTensorsThatTheBackwardPassNeeds()
    {
        MemoryPlan plan = MemoryPlan.Of(Shape, new TrainOptions { SequenceLength = 512, MicroBatchSize = 1 });
        Assert.Equal(4 * 512 * ((28 * ((4 * 1536) + (2 * 1536) + (2 * 256) + 12 + (2 * 8960))) + (4 * 1536)), plan.Activations);
        Assert.Equal(4L * 151_936 * ((40 << 20) / 151_936), plan.Logits);
    }

    // Of whole rows there remain what enters the layers and what leaves the last with its gradient, the gradient behind the attention, keys, values and their gradients, and what the attention gave.
    [Fact]
    public void InChunksATokenMoreTakesNoMoreThanItsPlaceInWholeRows()
    {
        long At(int length, int chunk) => MemoryPlan.Of(Shape, new TrainOptions { SequenceLength = length, MicroBatchSize = 1, ActivationCheckpointing = true, SequenceChunk = chunk }).Activations;
        Assert.Equal((31 * 1536) + (4 * 256) + 1536 + 12, (At(32768, 1024) - At(16384, 1024)) / 16384 / 4);
        Assert.True(At(32768, 0) - At(16384, 0) > 1.8 * (At(32768, 1024) - At(16384, 1024)));
    }

    [Fact]
    public void LongRowsThatAreComputedAgainAreComputedInChunks()
    {
        TrainOptions Rows(int length, bool again) => new() { SequenceLength = length, ActivationCheckpointing = again };
        Assert.Equal(1024, Rows(8192, again: true).Chunks!.Size);
        Assert.Null(Rows(8192, again: false).Chunks);
        Assert.Null(Rows(4096, again: true).Chunks);
        Assert.Null((Rows(8192, again: true) with { SequenceChunk = 0 }).Chunks);
        Assert.Equal(64, (Rows(96, again: false) with { SequenceChunk = 64 }).Chunks!.Size);
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
