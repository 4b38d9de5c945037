using Distill.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>Every layer's gradients, of what enters it and of all it has learned, against finite differences in double precision.</summary>
public sealed class LayerGradientTests
{
    private const int Length = 6;

    private static readonly ModelConfig Dense = TinyShapes.Qwen() with { HiddenSize = 6, IntermediateSize = 5, NumAttentionHeads = 2, NumKeyValueHeads = 1, HeadDim = 4 };

    private static readonly ModelConfig Sparse = TinyShapes.DeepSeek() with
    {
        HiddenSize = 6,
        NumAttentionHeads = 2,
        NumKeyValueHeads = 2,
        HeadDim = 6,
        Latent = new() { QLoraRank = 5, KvLoraRank = 4, QkNopeHeadDim = 2, QkRopeHeadDim = 4, VHeadDim = 3 },
        Mixture = new() { NRoutedExperts = 4, NumExpertsPerTok = 2, NSharedExperts = 1, MoeIntermediateSize = 3, FirstKDenseReplace = 1, RoutedScalingFactor = 2.5, NGroup = 1, TopkGroup = 1 },
    };

    private static readonly YarnRopeScaling DeepSeekYarn = new() { Factor = 4, OriginalMaxPositionEmbeddings = 32, Mscale = 0.8, MscaleAllDim = 1.1 };

    public static TheoryData<string> Scalings => ["none", "linear", "llama3", "given", "yarn", "yarn of deepseek"];

    private static RopeScaling? Scaling(string name) => name switch
    {
        "none" => null,
        "linear" => new LinearRopeScaling(4),
        "llama3" => new Llama3RopeScaling(8, 1, 4, 64),
        "given" => new GivenRopeScaling([1, 3.5f]),
        "yarn" => new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 32 },
        _ => DeepSeekYarn,
    };

    // Positions begin again where a document does.
    private static Tensor Turns(ModelConfig config, params long[] lengths)
    {
        using var rotary = new RotaryEmbedding(config, CPU);
        return rotary.At(cat([.. lengths.Select(length => arange(length, ScalarType.Int64))]).unsqueeze(0), Length);
    }

    private static AttentionMask Mask(string name) => name switch
    {
        "causal" => AttentionMask.CausalOnly,
        "documents" => AttentionMask.WithinDocuments([[4, 2]], CPU),
        _ => AttentionMask.DocumentByDocument([[4, 2]]),
    };

    [Fact]
    public void NormDividesByTheRootMeanSquare()
    {
        RmsNorm norm = FiniteDifferences.Prepared(new RmsNorm(5, 1e-2));
        Tensor input = FiniteDifferences.Leaf(3, 2, 3, 5);
        FiniteDifferences.HoldForLayer(norm, () => norm.Forward(input), ("input", input));
    }

    [Theory, MemberData(nameof(Scalings))]
    public void HeadsAreTurned(string scaling)
    {
        using var scope = NewDisposeScope();
        Tensor heads = FiniteDifferences.Leaf(4, 1, Length, 2, 4), turns = Turns(Dense with { RopeScaling = Scaling(scaling) }, Length);
        FiniteDifferences.HoldForLayer(null, () => RotaryEmbedding.Rotate(heads, turns), ("heads", heads));
    }

    [Theory]
    [InlineData("causal", Architecture.Qwen2)]
    [InlineData("documents", Architecture.Qwen2)]
    [InlineData("documents", Architecture.Qwen3)]
    [InlineData("documents", Architecture.Llama)]
    [InlineData("long documents", Architecture.Qwen2)]
    [InlineData("long documents", Architecture.Qwen3)]
    public void QueryHeadsShareKeys(string mask, Architecture architecture)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = Dense with { Architecture = architecture };
        GroupedQueryAttention attention = FiniteDifferences.Prepared(new GroupedQueryAttention(config, 0));
        Tensor input = FiniteDifferences.Leaf(5, 1, Length, 6), turns = Turns(config, 4, 2);
        FiniteDifferences.HoldForLayer(attention, () => attention.Forward(input, turns, Mask(mask), null), ("input", input));
    }

    [Theory]
    [InlineData("causal", null, false)]
    [InlineData("documents", 5, false)]
    [InlineData("long documents", 5, true)]
    public void KeysAreExpandedFromALatent(string mask, int? queryRank, bool yarn)
    {
        using var scope = NewDisposeScope();
        ModelConfig config = Sparse with { Latent = Sparse.Latent! with { QLoraRank = queryRank }, RopeScaling = yarn ? DeepSeekYarn : null };
        LatentAttention attention = FiniteDifferences.Prepared(new LatentAttention(config, 0));
        Tensor input = FiniteDifferences.Leaf(6, 1, Length, 6), turns = Turns(config, 4, 2);
        FiniteDifferences.HoldForLayer(attention, () => attention.Forward(input, turns, Mask(mask), null), ("input", input));
    }

    [Fact]
    public void TheFeedForwardNetworkIsGated()
    {
        SwiGlu network = FiniteDifferences.Prepared(new SwiGlu(6, 5));
        Tensor input = FiniteDifferences.Leaf(7, 1, Length, 6);
        FiniteDifferences.HoldForLayer(network, () => network.Forward(input), ("input", input));
    }

    [Fact]
    public void TokensVisitExperts()
    {
        var experts = FiniteDifferences.Prepared(new MixtureOfExperts(Sparse));
        Tensor input = FiniteDifferences.Leaf(8, 1, Length, 6);
        FiniteDifferences.HoldForLayer(experts, () => experts.Forward(input), ("input", input));
    }

    [Fact]
    public void ALayerAddsToTheResidualStream()
    {
        using var scope = NewDisposeScope();
        DecoderLayer layer = FiniteDifferences.Prepared(new DecoderLayer(Dense, 0));
        Tensor input = FiniteDifferences.Leaf(9, 1, Length, 6), turns = Turns(Dense, 4, 2);
        FiniteDifferences.HoldForLayer(layer, () => layer.Forward(input, turns, Mask("documents"), null), ("input", input));
    }

    [Fact]
    public void TokensAreLookedUp()
    {
        TokenEmbedding embedding = FiniteDifferences.Prepared(new TokenEmbedding(4, 3));
        Tensor ids = tensor(new long[] { 3, 1, 1, 0, 2, 3 }, [2, 3]);
        FiniteDifferences.HoldForLayer(embedding, () => embedding.Forward(ids));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void AProjectionHasAWeightAndPerhapsABias(bool hasBias)
    {
        Projection projection = FiniteDifferences.Prepared(new Projection(5, 4, hasBias));
        Tensor input = FiniteDifferences.Leaf(10, 2, 3, 5);
        FiniteDifferences.HoldForLayer(projection, () => projection.Forward(input), ("input", input));
    }

    // The weight takes no gradient; what enters does, through the weight as it is stored, and so do both matrices of an adapter.
    [Theory]
    [InlineData(WeightFormat.Float32, false, false)]
    [InlineData(WeightFormat.Float32, true, true)]
    [InlineData(WeightFormat.BFloat16, false, false)]
    [InlineData(WeightFormat.BFloat16, true, false)]
    [InlineData(WeightFormat.Int8, false, false)]
    [InlineData(WeightFormat.Int8, true, false)]
    [InlineData(WeightFormat.Int4, false, false)]
    [InlineData(WeightFormat.Int4, true, true)]
    public void FrozenWeightsPassGradientsOn(WeightFormat format, bool adapted, bool rankStabilized)
    {
        using Tensor weights = FiniteDifferences.Random(11, 4, 32).to(ScalarType.Float32);
        var projection = new Projection(32, 4);
        projection.Freeze(format, (first, count) => weights.narrow(0, first, count).clone());
        if (adapted) projection.Adapt(new LowRankAdapter(32, 4, new LowRankShape(3, 8, rankStabilized), new Generator(12)));
        projection.to(ScalarType.Float64);
        using (no_grad()) projection.Adapter?.Up.copy_(FiniteDifferences.Random(13, 4, 3));
        Tensor input = FiniteDifferences.Leaf(14, 2, 3, 32);
        FiniteDifferences.HoldForLayer(projection, () => projection.Forward(input), ("input", input));
        Assert.Equal(adapted ? 2 : 0, projection.parameters().Count(parameter => parameter.requires_grad));
        if (format != WeightFormat.Float32) Assert.True(projection.IsFrozen);
    }

    [Fact]
    public void AdaptersOfAGatedNetworkGetTheirGradients()
    {
        var network = FiniteDifferences.Prepared(new SwiGlu(6, 5));
        foreach (var parameter in network.parameters()) parameter.requires_grad = false;
        foreach (Projection projection in network.modules().OfType<Projection>())
        {
            projection.Adapt(new LowRankAdapter(projection.Columns, projection.Rows, new LowRankShape(2, 4, false), new Generator(15)).to(ScalarType.Float64));
            using var none = no_grad();
            projection.Adapter!.Up.copy_(FiniteDifferences.Random(16, projection.Rows, 2));
        }
        Tensor input = FiniteDifferences.Leaf(17, 1, Length, 6);
        FiniteDifferences.HoldForLayer(network, () => network.Forward(input), ("input", input));
        Assert.Equal(6, network.parameters().Count(parameter => parameter.requires_grad));
    }
}
