using Distill.Models;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>Shapes small enough to check by hand, and models of them with random weights.</summary>
internal static class TinyShapes
{
    public static ModelConfig Qwen(bool tied = true) => new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = 48,
        HiddenSize = 32,
        IntermediateSize = 64,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 8,
        MaxPositionEmbeddings = 128,
        TieWordEmbeddings = tied,
        InitializerRange = 0.2,
        EosTokenIds = [1],
    };

    public static ModelConfig Llama(bool tied = false) => Qwen(tied) with { Architecture = Architecture.Llama, RopeScaling = new Llama3RopeScaling(8, 1, 4, 64) };

    /// <summary>Heads wider than their share of the hidden width, as in Qwen3's small models.</summary>
    public static ModelConfig Qwen3(bool tied = true) => Qwen(tied) with { Architecture = Architecture.Qwen3, HeadDim = 12 };

    public static ModelConfig DeepSeek(int? queryRank = 16, int groups = 1) => new()
    {
        Architecture = Architecture.DeepSeekV3,
        VocabSize = 48,
        HiddenSize = 32,
        IntermediateSize = 64,
        NumHiddenLayers = 3,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 4,
        HeadDim = 12,
        MaxPositionEmbeddings = 128,
        InitializerRange = 0.2,
        EosTokenIds = [1],
        Latent = new() { QLoraRank = queryRank, KvLoraRank = 16, QkNopeHeadDim = 8, QkRopeHeadDim = 4, VHeadDim = 8 },
        Mixture = new()
        {
            NRoutedExperts = 8,
            NumExpertsPerTok = 2,
            NSharedExperts = 1,
            MoeIntermediateSize = 16,
            FirstKDenseReplace = 1,
            RoutedScalingFactor = 2.5,
            NGroup = groups,
            TopkGroup = Math.Max(1, groups / 2),
        },
    };

    public static CausalLM Random(ModelConfig config, long seed = 1, DeviceMap? devices = null, ScalarType trained = ScalarType.Float32)
    {
        TorchRuntime.Initialize(1);
        var model = new CausalLM(config, devices ?? CPU, trained: trained);
        model.InitializeWeights(seed);
        using var none = no_grad();
        using var generator = new Generator((ulong)seed + 1);
        // Biases and router corrections start at zero, where a mistake in them would not show.
        foreach ((string name, Tensor tensor) in model.named_parameters().Select(item => (item.name, (Tensor)item.parameter)).Concat(model.named_buffers().Select(item => (item.name, item.buffer))))
        {
            if (tensor.dim() == 1) tensor.add_(randn(tensor.shape, generator: generator) * 0.1);
        }
        model.eval();
        return model;
    }

    public static float[] Floats(Tensor tensor) => tensor.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray();

    public static double LargestDifference(Tensor a, Tensor b) => Floats(a).Zip(Floats(b), (x, y) => Math.Abs((double)x - y)).Max();
}
