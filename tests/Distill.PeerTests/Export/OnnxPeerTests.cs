using System.Text.Json.Nodes;
using Distill.Export;
using Distill.Export.Onnx;
using Distill.Inference;
using Distill.Models;
using Distill.Tests;
using Distill.Tests.Export;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>ONNX Runtime in Node, by plain inputs and outputs, against our engine with its cache in place.</summary>
public sealed class OnnxPeerTests : IDisposable
{
    // Measured: no difference at all (1.30.0 there, 1.31.1 here, the same kernels), on logits of deviation 8. The room that is
    // left is rounding, should a newer version of either add up in another order; a wrong mask or position is off by more than 0.1.
    private const double Tolerance = 1e-4;

    private static readonly int[][] Prompts = [[5, 17, 3, 90, 41, 8, 66], [12], [33, 7, 7, 21]];
    private static readonly int[][] Steps = [[4, 8, 95], [9, 8, 0], [61, 15, 1], [70, 16, 50], [2, 30, 44]];

    private readonly string folder = Directory.CreateTempSubdirectory("distill-peer-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(true, 16, 4, 2)]
    [InlineData(false, 32, 2, 1)]
    public async Task NodeComputesTheSameLogits(bool tied, int headDim, int heads, int keyValueHeads)
    {
        await Compare(new TinyQwen2(tied, headDim: headDim, heads: heads, keyValueHeads: keyValueHeads).Save(Path.Combine(folder, "hf")));
    }

    [Theory]
    [InlineData(Architecture.Llama)]
    [InlineData(Architecture.Qwen3)]
    public async Task NodeComputesTheSameLogitsOfOtherFamilies(Architecture architecture)
    {
        TinyModels.Write(Path.Combine(folder, "hf"), TinyModels.Dense(architecture) with { HeadDim = 32 }, seed: 3);
        await Compare(Path.Combine(folder, "hf"));
    }

    // Four bits: the runtimes' releases may round activations otherwise, and a file that is read otherwise is off by the logits' deviation of 8.
    [Theory]
    [InlineData(OnnxPrecision.Int8, Tolerance)]
    [InlineData(OnnxPrecision.Int4, 1)]
    public async Task NodeComputesTheSameLogitsInFewerBits(OnnxPrecision precision, double tolerance)
    {
        string hf = new TinyQwen2(tied: true).Save(Path.Combine(folder, "hf"));
        await Compare(OnnxExport.Write(hf, Path.Combine(folder, "out"), [precision], null, int.MaxValue, TestContext.Current.CancellationToken)[0].Path, tolerance);
    }

    private Task Compare(string hf) => Compare(OnnxExport.Write(hf, Path.Combine(folder, "out"), TestContext.Current.CancellationToken), Tolerance);

    private static async Task Compare(string file, double tolerance)
    {
        var input = new JsonObject { ["prompts"] = Json(Prompts), ["steps"] = Json(Steps) };
        IReadOnlyList<JsonNode?> peer = await NodePeer.RunAsync("onnx", [input], arguments: file);
        Assert.Equal(1 + Steps.Length, peer.Count);

        using OnnxLanguageModel model = OnnxLanguageModel.Open(file);
        using IDecodingSession session = model.StartSession(16);
        float[] logits = new float[Prompts.Length * model.VocabularySize];
        session.Prefill(Prompts, logits);
        double worst = Difference(peer[0]!, logits);
        for (int step = 0; step < Steps.Length; step++)
        {
            session.Step(Steps[step], logits);
            worst = Math.Max(worst, Difference(peer[step + 1]!, logits));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"largest difference {worst:e2}");
        Assert.InRange(worst, 0, tolerance);
    }

    private static double Difference(JsonNode rows, float[] logits)
    {
        double[] expected = [.. rows.AsArray().SelectMany(row => row!.AsArray().Select(value => (double)value!))];
        Assert.Equal(logits.Length, expected.Length);
        return expected.Zip(logits, (a, b) => Math.Abs(a - b)).Max();
    }

    private static JsonArray Json(int[][] rows) => [.. rows.Select(row => (JsonNode)new JsonArray([.. row.Select(token => (JsonNode)token)]))];
}
