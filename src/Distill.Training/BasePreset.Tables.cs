using Distill.Models;

namespace Distill.Training;

public sealed partial record BasePreset
{
    // Each line is the base model's config.json; BasePresetTests compares the parameters with the published numbers.
    private static IReadOnlyList<BasePreset> All { get; } =
    [
        new("qwen-1.5b", "Qwen/Qwen2.5-Math-1.5B", 1e-4, Qwen(1536, 8960, 28, 12, 2, 151936, 10000, 4096, 1e-6) with { TieWordEmbeddings = true }),
        new("qwen-7b", "Qwen/Qwen2.5-Math-7B", 8e-5, Qwen(3584, 18944, 28, 28, 4, 152064, 10000, 4096, 1e-6)),
        new("qwen-14b", "Qwen/Qwen2.5-14B", 7e-5, Qwen(5120, 13824, 48, 40, 8, 152064, 1e6, 131072, 1e-5)) { SmallSetLearningRate = 1e-5 },
        new("qwen-32b", "Qwen/Qwen2.5-32B", 6e-5, Qwen(5120, 27648, 64, 40, 8, 152064, 1e6, 131072, 1e-5)) { SmallSetLearningRate = 1e-5 },
        new("llama-8b", "meta-llama/Llama-3.1-8B", 5e-5, Llama(4096, 14336, 32, 32, [128001])),
        new("llama-70b", "meta-llama/Llama-3.3-70B-Instruct", 2e-5, Llama(8192, 28672, 80, 64, [128001, 128008, 128009])) { SmallSetLearningRate = 5e-6 },
    ];

    private static ModelConfig Qwen(int hidden, int intermediate, int layers, int heads, int keyValueHeads, int vocabulary, double theta, int positions, double epsilon) => new()
    {
        Architecture = Architecture.Qwen2,
        VocabSize = vocabulary,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        NumHiddenLayers = layers,
        NumAttentionHeads = heads,
        NumKeyValueHeads = keyValueHeads,
        HeadDim = hidden / heads,
        RmsNormEps = epsilon,
        RopeTheta = theta,
        MaxPositionEmbeddings = positions,
        BosTokenId = 151643,
        EosTokenIds = [151643],
    };

    private static ModelConfig Llama(int hidden, int intermediate, int layers, int heads, int[] ends) => new()
    {
        Architecture = Architecture.Llama,
        VocabSize = 128256,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        NumHiddenLayers = layers,
        NumAttentionHeads = heads,
        NumKeyValueHeads = 8,
        HeadDim = hidden / heads,
        RmsNormEps = 1e-5,
        RopeTheta = 500000,
        RopeScaling = new Llama3RopeScaling(8, 1, 4, 8192),
        MaxPositionEmbeddings = 131072,
        BosTokenId = 128000,
        EosTokenIds = ends,
    };
}
