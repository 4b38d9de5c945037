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
        string hf = new TinyQwen2(tied).Save(folder["hf"]);
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
