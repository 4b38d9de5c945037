using Distill.Export.Gguf;
using Distill.Models;
using Distill.Tests;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>
/// Every family in several shapes, with random weights, exported to F32 GGUF and run by llama.cpp: at each of 200 positions the
/// log-probabilities of all tokens agree with our forward pass to 1e-3, and 128 greedy tokens are the same.
/// </summary>
public sealed class FamilyPeerTests : IDisposable
{
    private const int Positions = 200, Continuation = 128;

    private static readonly YarnRopeScaling Yarn = new() { Factor = 4, OriginalMaxPositionEmbeddings = 64 };
    private static readonly Llama3RopeScaling Llama3 = new(8, 1, 4, 64);

    private readonly TemporaryFolder _folder = new();

    // Everything that a family can vary, in a shape where it shows: contexts so short that 200 positions leave them, heads of
    // odd widths, every ratio of query to key heads.
    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["llama"] = Dense(Architecture.Llama),
        ["llama tied, llama3 scaling"] = Dense(Architecture.Llama) with { TieWordEmbeddings = true, RopeScaling = Llama3, RopeTheta = 500000 },
        ["llama llama3 scaling, one key head, wide heads"] = Dense(Architecture.Llama) with { RopeScaling = Llama3 with { Factor = 32 }, NumKeyValueHeads = 1, HeadDim = 40 },
        ["llama linear scaling, no grouping"] = Dense(Architecture.Llama) with { RopeScaling = new LinearRopeScaling(4), NumKeyValueHeads = 4 },
        ["llama yarn"] = Dense(Architecture.Llama) with { RopeScaling = Yarn },
        ["qwen2"] = Dense(Architecture.Qwen2),
        ["qwen2 tied, odd sizes"] = Dense(Architecture.Qwen2) with { TieWordEmbeddings = true, HiddenSize = 84, IntermediateSize = 101, NumAttentionHeads = 6, NumKeyValueHeads = 3, HeadDim = 14, NumHiddenLayers = 3 },
        ["qwen2 one key head, theta of 1e6"] = Dense(Architecture.Qwen2) with { NumKeyValueHeads = 1, RopeTheta = 1e6, RmsNormEps = 1e-5 },
        ["qwen2 yarn"] = Dense(Architecture.Qwen2) with { RopeScaling = Yarn },
        ["qwen2 yarn with a given attention factor"] = Dense(Architecture.Qwen2) with { RopeScaling = Yarn with { AttentionFactor = 1.05 } },
        ["qwen3"] = Dense(Architecture.Qwen3) with { HeadDim = 32 },
        ["qwen3 tied, no grouping, odd sizes"] = Dense(Architecture.Qwen3) with { TieWordEmbeddings = true, NumKeyValueHeads = 4, HiddenSize = 72, HeadDim = 22, IntermediateSize = 50 },
        ["qwen3 yarn"] = Dense(Architecture.Qwen3) with { RopeScaling = Yarn, RopeTheta = 1e6 },
        ["deepseek2"] = TinyModels.MixtureOfExperts(),
        ["deepseek2 groups, narrow heads"] = TinyModels.MixtureOfExperts(nope: 16, groups: 4),
        ["deepseek2 yarn"] = TinyModels.MixtureOfExperts() with { RopeScaling = Yarn with { Mscale = 1, MscaleAllDim = 1 } },
        ["deepseek2 yarn, other mscale"] = TinyModels.MixtureOfExperts() with { RopeScaling = Yarn with { Factor = 40, Mscale = 0.7, MscaleAllDim = 0.7 } },
        ["deepseek2 without query rank"] = WithoutQueryRank(TinyModels.MixtureOfExperts() with { NumHiddenLayers = 27 }),
        ["deepseek2 three shared experts, scores as they are"] = WithMixture(TinyModels.MixtureOfExperts(groups: 2), mixture => mixture with { NSharedExperts = 3, NormTopkProb = false, RoutedScalingFactor = 1.5, NumExpertsPerTok = 3 }),
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Names))]
    public async Task LlamaCppAndWeAgree(string name)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        string path = _folder["model.gguf"];
        ModelConfig config = TinyModels.Write(_folder["model"], Shapes[name], seed: 11);
        GgufExport.Write(_folder["model"], path, GgufFileType.F32, "tiny");
        using LlamaModel llama = peer.Load(path);
        using var fromFile = new TorchReference(path);
        using var fromFolder = TorchReference.OfFolder(_folder["model"]);

        int[] tokens = [.. Enumerable.Range(0, Positions).Select(i => (i * i * 31 + i * 7 + 3) % config.VocabSize)];
        float[][] theirs = llama.Logits(tokens);
        Assert.InRange(LogProbabilities.LargestDifference(theirs, fromFile.Logits(tokens)), 0, 1e-3);
        Assert.InRange(LogProbabilities.LargestDifference(theirs, fromFolder.Logits(tokens)), 0, 1e-3);

        int[] prompt = tokens[..20];
        (int Token, float Margin)[] greedy = llama.Greedy(prompt, Continuation);
        Assert.Equal(greedy.Select(step => step.Token), fromFolder.Greedy([prompt], Continuation)[0]);
    }

    [Fact]
    public async Task TheTrainedTeacherAnswersAlike()
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        string folder = Path.Combine(NodePeer.ProjectFolder, "..", "..", "artifacts", "tiny-r1"), path = _folder["tiny-r1.gguf"];
        GgufExport.Write(folder, path, GgufFileType.F32, "tiny-r1");
        using LlamaModel llama = peer.Load(path);
        using var ours = TorchReference.OfFolder(folder);
        int[][] prompts = [.. new[] { "Compute 37*46+58.", "Compute 12*34+56.", "Compute 7*89+3.", "Compute 90*21+99." }.Select(problem => llama.Tokenize($"<｜begin▁of▁sentence｜><｜User｜>{problem}<｜Assistant｜><think>\n", addSpecial: false))];
        int[][] continuations = ours.Greedy(prompts, Continuation);
        for (int row = 0; row < prompts.Length; row++)
        {
            int[] theirs = [.. llama.Greedy(prompts[row], Continuation).Select(step => step.Token)];
            int end = Array.IndexOf(theirs, llama.EosTokenId) + 1; // nobody decodes further, and what follows was never trained
            Assert.InRange(end, 2, Continuation);
            Assert.Equal(theirs[..end], continuations[row][..end]);
        }
    }

    private static ModelConfig Dense(Architecture architecture) => TinyModels.Dense(architecture) with { NumHiddenLayers = 3 };

    private static ModelConfig WithoutQueryRank(ModelConfig config) => config with { Latent = config.Latent! with { QLoraRank = null } };

    private static ModelConfig WithMixture(ModelConfig config, Func<MixtureConfig, MixtureConfig> change) => config with { Mixture = change(config.Mixture!) };
}
