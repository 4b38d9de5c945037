using Distill.Serving;
using Xunit;

namespace Distill.Tests.Serving;

/// <summary>Against figures that were worked out by hand from DeepSeek's config_671B.json.</summary>
public sealed class ReplicaMemoryTests
{
    private const double Gibibyte = 1 << 30;

    [Fact]
    public void TheFullR1IsCountedPartByPart()
    {
        ServedShape r1 = ServedShape.R1;

        Assert.Equal(671.0, r1.Parameters / 1e9, 0.05);
        Assert.Equal(653.9, r1.RoutedExperts / 1e9, 0.2); // and 0.16 GB of block scales
        Assert.Equal(11.41, r1.Attention / 1e9, 0.01);
        Assert.Equal(2.55, r1.SharedExperts / 1e9, 0.01);
        Assert.Equal(1.19, r1.FeedForward / 1e9, 0.005);
        Assert.Equal(3.7, r1.Embeddings / 1e9, 0.01);
        Assert.Equal(0.22, r1.Routers / 1e9, 0.01);
        Assert.Equal(627, r1.Total / Gibibyte, 0.3);
        Assert.Equal(70_272, r1.KvBytesPerToken(KvCacheFormat.Bf16));
        Assert.Equal(35_136, r1.KvBytesPerToken(KvCacheFormat.Fp8));
    }

    [Theory]
    [InlineData("8xH200", Parallelism.Tp, "TP8", 78.4, 40.0, 611, 18.6, 146)]
    [InlineData("8xH200", Parallelism.DpEp, "DP8+EP8", 93.9, 24.4, 2_988, 91, 712)]
    [InlineData("2x8xH100", Parallelism.Tp, "TP16", 39.2, 24.5, 374, 11.4, 89)]
    [InlineData("2x8xH100", Parallelism.TpPp, "TP8xPP2", 39.2, 24.5, 747, 22.8, 178)]
    [InlineData("16xH100", Parallelism.DpEp, "DP16+EP16", 55.8, 7.8, 1_907, 58, 454)]
    [InlineData("2x8xH200", Parallelism.DpEp, "DP16+EP16", 55.8, 62.5, 15_285, 466, 3_639)]
    public void MemoryIsSharedBetweenWeightsAndCache(string topology, Parallelism parallelism, string name, double weights, double cache, double thousandTokens, double sequences, double resident)
    {
        ReplicaMemory memory = ReplicaMemory.Of(ServedShape.R1, Topology.Parse(topology), parallelism);

        Assert.Equal(name, memory.Name);
        Assert.Equal(weights, memory.WeightsPerGpu / Gibibyte, 0.1);
        Assert.Equal(cache, memory.KvPerGpu / Gibibyte, 0.1);
        Assert.Equal(thousandTokens, memory.KvTokens / 1000.0, thousandTokens * 0.006);
        Assert.Equal(sequences, memory.Sequences(32_768), sequences * 0.01);
        Assert.Equal(resident, memory.Sequences(4_200), resident * 0.006);
        ReplicaMemory half = ReplicaMemory.Of(ServedShape.R1, Topology.Parse(topology), parallelism, KvCacheFormat.Fp8);
        Assert.Equal(2.0, half.KvTokens / (double)memory.KvTokens, 1e-3);
    }

    [Fact]
    public void OneMachineOfH100CannotHoldIt()
    {
        ReplicaMemory memory = ReplicaMemory.Of(ServedShape.R1, Topology.Parse("8xH100"), Parallelism.Auto);

        Assert.Equal(0, memory.KvTokens);
        // 0.9 of 79.65 GiB, less 8 and 78.4, is 14.7 too few; a sequence of 32k takes 2.14 more.
        Assert.Equal(14.7 + 2.14, memory.Shortage(32_768) / Gibibyte, 0.1);
        Assert.Equal(0, ReplicaMemory.Of(ServedShape.R1, Topology.Parse("8xH200"), Parallelism.Tp).Shortage(32_768));
    }

    [Theory, InlineData("8xH200", Parallelism.DpEp), InlineData("2x8xH100", Parallelism.DpEp), InlineData("8xH100", Parallelism.Tp)]
    public void AutoTakesWhatHoldsMost(string topology, Parallelism expected) =>
        Assert.Equal(expected, ReplicaMemory.Of(ServedShape.R1, Topology.Parse(topology), Parallelism.Auto).Parallelism);

    [Fact]
    public void HeadsDivideTheCacheOfADenseModel()
    {
        ServedShape dense = ServedShape.Of("dense", new()
        {
            Architecture = Distill.Models.Architecture.Qwen2,
            VocabSize = 1000,
            HiddenSize = 256,
            IntermediateSize = 512,
            NumHiddenLayers = 10,
            NumAttentionHeads = 8,
            NumKeyValueHeads = 4,
            HeadDim = 32,
            MaxPositionEmbeddings = 4096,
        }, isFloat8: false);

        Assert.Equal(2 * 4 * 32 * 10 * 2, dense.KvBytesPerToken(KvCacheFormat.Bf16));
        Assert.Equal(dense.KvBytesPerToken(KvCacheFormat.Bf16) / 4.0, ReplicaMemory.Of(dense, Topology.Parse("8xH100"), Parallelism.Tp).KvBytesPerToken);
        Assert.Equal(dense.Parameters * 2, dense.Total);
        Assert.Equal([Parallelism.Tp], ReplicaMemory.Possible(Topology.Parse("8xH100"), dense));
    }
}
