using Distill.Export.Onnx;
using Distill.Inference;
using Distill.Models;
using Distill.Tests.Export;
using TorchSharp;
using Xunit;

namespace Distill.Tests.Inference;

/// <summary>The exported graph against the model that was trained, both decoding the same batch.</summary>
public sealed class OnnxAgainstTorchTests : IDisposable
{
    // Two single-precision engines, each within 3e-5 of the double-precision reference on these models.
    private const double Tolerance = 1e-4;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BothGiveTheSameLogits(bool tied)
    {
        Compare(new TinyQwen2(tied).Save(folder["hf"]));
    }

    public static TheoryData<string> Shapes => [.. OfFamilies.Keys];

    private static readonly Dictionary<string, ModelConfig> OfFamilies = new()
    {
        ["llama, scaled as Llama 3"] = TinyModels.Dense(Architecture.Llama) with { RopeScaling = new Llama3RopeScaling(8, 1, 4, 64), RopeTheta = 5e5 },
        ["llama tied, one key head"] = TinyModels.Dense(Architecture.Llama) with { TieWordEmbeddings = true, NumKeyValueHeads = 1, HeadDim = 24 },
        ["qwen3, heads wider than their share"] = TinyModels.Dense(Architecture.Qwen3) with { HeadDim = 32, NumHiddenLayers = 3 },
        ["qwen3 tied, no grouping"] = TinyModels.Dense(Architecture.Qwen3) with { TieWordEmbeddings = true, NumKeyValueHeads = 4, HeadDim = 8 },
        ["qwen2 stretched by yarn"] = TinyModels.Dense(Architecture.Qwen2) with { RopeScaling = new YarnRopeScaling { Factor = 4, OriginalMaxPositionEmbeddings = 64 }, RopeTheta = 1e6 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void EveryDenseFamilyGivesTheSameLogits(string name)
    {
        TinyModels.Write(folder["hf"], OfFamilies[name], seed: 5);
        Compare(folder["hf"]);
    }

    private void Compare(string hf)
    {
        OnnxExport.Write(hf, folder["onnx"], TestContext.Current.CancellationToken);
        TorchRuntime.Initialize();
        using OnnxLanguageModel onnx = OnnxLanguageModel.Open(folder["onnx"]);
        using var trained = new TorchLanguageModel(ModelWeights.Load(hf, torch.CPU));
        Assert.Equal((trained.VocabularySize, trained.ContextLength), (onnx.VocabularySize, onnx.ContextLength));

        float[][] ours = Decode(onnx), theirs = Decode(trained);
        double worst = ours.Zip(theirs).Max(pair => pair.First.Zip(pair.Second, (a, b) => Math.Abs((double)a - b)).Max());
        TestContext.Current.TestOutputHelper?.WriteLine($"largest difference {worst:e2}");
        Assert.InRange(worst, 0, Tolerance);
    }

    private static float[][] Decode(ILanguageModel model)
    {
        int width = model.VocabularySize;
        float[][] logits = [new float[3 * width], new float[3 * width], new float[2 * width]];
        using IDecodingSession session = model.StartSession(16);
        session.Prefill([[5, 17, 3, 90, 41, 8, 66], [12], [33, 7, 7, 21]], logits[0]);
        session.Step([4, 8, 95], logits[1]);
        session.Keep([0, 2]);
        session.Step([9, 0], logits[2]);
        return logits;
    }
}
