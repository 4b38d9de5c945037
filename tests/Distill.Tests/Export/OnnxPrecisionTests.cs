using System.Text.Json.Nodes;
using Distill.Export;
using Distill.Export.Onnx;
using Distill.Export.Quantization;
using Distill.Inference;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

/// <summary>ONNX graphs in 8 and 4 bits against the double-precision reference with the weights that the blocks stand for.</summary>
public sealed class OnnxPrecisionTests : IDisposable
{
    private static readonly int[] Tokens = [5, 17, 3, 90, 41, 8, 66, 12, 33, 7, 21];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Eight bits are computed with in single precision, so only rounding is left: 3e-5 was seen, and a wrong level or scale is off by more than 0.1.
    [Theory]
    [InlineData(true, 16, 4)]
    [InlineData(false, 16, 4)]
    [InlineData(true, 24, 3)] // 72 columns of o_proj are no whole blocks: it stays in single precision
    public void EightBitsGiveTheLogitsOfTheRoundedWeights(bool tied, int headDim, int heads)
    {
        string hf = new TinyQwen2(tied, headDim: headDim, heads: heads, keyValueHeads: 1).Save(_folder["hf"]);
        double[] expected = Rounded(new TinyQwen2(tied, headDim: headDim, heads: heads, keyValueHeads: 1), 8).Logits(Tokens)[^1];
        Assert.InRange(expected.Zip(Logits(hf, OnnxPrecision.Int8), (a, b) => Math.Abs(a - b)).Max(), 0, 1e-4);
    }

    // Beside four bits the runtime may round activations to 8 bits, each processor in its own way: 3.8 % were seen. Levels in another order give 100 %.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FourBitsGiveTheLogitsOfTheRoundedWeightsUpToTheRoundingOfActivations(bool tied)
    {
        string hf = new TinyQwen2(tied).Save(_folder["hf"]);
        double[] expected = Rounded(new TinyQwen2(tied), 4).Logits(Tokens)[^1];
        float[] found = Logits(hf, OnnxPrecision.Int4);
        double error = Math.Sqrt(expected.Zip(found, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(a => a * a));
        TestContext.Current.TestOutputHelper?.WriteLine($"relative error {error:e2}");
        Assert.InRange(error, 0, 0.15);
    }

    [Fact]
    public void TheFolderTellsReadersWhichPrecisionsThereAre()
    {
        string hf = new TinyQwen2(tied: true).Save(_folder["hf"]);
        IReadOnlyList<OnnxSummary> written = Write(hf, "out", [OnnxPrecision.Int4, OnnxPrecision.Fp32, OnnxPrecision.Int8], externalAbove: 1000);
        Assert.Equal(["model_q4.onnx", "model.onnx", "model_quantized.onnx"], written.Select(file => Path.GetFileName(file.Path)));
        Assert.Equal(32, written[1].BitsPerWeight);
        Assert.InRange(written[2].BitsPerWeight, 9, 9.3); // 8 bits, and a 32-bit scale for each 32 weights
        Assert.InRange(written[0].BitsPerWeight, 5, 6.2);
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!["transformers.js_config"]!;
        Assert.Equal("q4", (string?)config["dtype"]);
        Assert.Equal(["model_q4.onnx", "model.onnx", "model_quantized.onnx"], config["use_external_data_format"]!.AsObject().Select(file => file.Key));
        Assert.Equal("onnx/model_q4.onnx", (string?)JsonNode.Parse(File.ReadAllText(_folder["out/genai_config.json"]))!["model"]!["decoder"]!["filename"]);
        Assert.Equal(written[1].Path, OnnxModelPath.Of(_folder["out"]).ModelFile); // the most exact
        Assert.Equal(2, ModelFiles.Of(written[0].Path).Count);
        using OnnxLanguageModel divided = OnnxLanguageModel.Open(written[0].Path);
        Assert.Equal(Logits(hf, OnnxPrecision.Int4), LogitsOf(divided));
    }

    [Fact]
    public void TheSameModelGivesTheSameBytes()
    {
        string hf = new TinyQwen2(tied: false).Save(_folder["hf"]);
        Write(hf, "a", [OnnxPrecision.Int4, OnnxPrecision.Int8]);
        Write(hf, "b", [OnnxPrecision.Int4, OnnxPrecision.Int8]);
        Assert.Equal(Fingerprint.OfPath(_folder["a"]), Fingerprint.OfPath(_folder["b"]));
    }

    [Fact]
    public void AnImatrixDecidesAboutFourBits()
    {
        string hf = new TinyQwen2(tied: true).Save(_folder["hf"]);
        ImportanceMatrix Matrix(int columns) => new("x.gguf", [], 1, 512, new Dictionary<string, ImportanceEntry> { ["blk.1.ffn_up.weight"] = new([.. Enumerable.Range(0, columns).Select(i => 1f + (i % 7 * 100))], [1]) });
        byte[] plain = File.ReadAllBytes(Write(hf, "a", [OnnxPrecision.Int4])[0].Path), weighted = File.ReadAllBytes(Write(hf, "b", [OnnxPrecision.Int4], importance: Matrix(64))[0].Path);
        Assert.Equal(plain.Length, weighted.Length);
        Assert.InRange(plain.Zip(weighted).Count(pair => pair.First != pair.Second), 100, (96 * 64 / 2) + (96 * 64 / 32 * 4)); // nothing but that matrix
        Assert.Contains("`blk.1.ffn_up.weight` has 32 values, this model needs 64", Assert.Throws<InputException>(() => Write(hf, "c", [OnnxPrecision.Int4], importance: Matrix(32))).Message);
        var foreign = new ImportanceMatrix("x.gguf", [], 1, 512, new Dictionary<string, ImportanceEntry> { ["blk.7.ffn_up.weight"] = new([1], [1]) });
        Assert.Contains("no entry for any tensor", Assert.Throws<InputException>(() => Write(hf, "c", [OnnxPrecision.Int4], importance: foreign)).Message);
    }

    [Theory]
    [InlineData(OnnxPrecision.Fp32)]
    [InlineData(OnnxPrecision.Int8)]
    [InlineData(OnnxPrecision.Int4)]
    public void WeightsThatAreNotFiniteAreRefusedByName(OnnxPrecision precision)
    {
        string hf = new TinyQwen2(tied: true).Change((name, _, values) =>
        {
            if (name == "model.layers.1.mlp.up_proj.weight") values[70] = float.NaN;
            return values;
        }).Save(_folder["hf"]);
        Assert.Contains("`model.layers.1.mlp.up_proj.weight` holds NaN", Assert.Throws<InputException>(() => Write(hf, "out", [precision])).Message);
        Assert.Empty(Directory.EnumerateFiles(_folder["out"], "*", SearchOption.AllDirectories));
    }

    // The values that the blocks stand for, by way of the types of GGUF that share their levels and scales.
    private static TinyQwen2 Rounded(TinyQwen2 model, int bits) => model.Change((name, shape, values) =>
    {
        if (shape.Length != 2 || shape[1] % 32 != 0) return null;
        int columns = (int)shape[1];
        GgufTensorType type = bits == 4 && !name.Contains("embed", StringComparison.Ordinal) && !name.Contains("lm_head", StringComparison.Ordinal) ? GgufTensorType.Q4_0 : GgufTensorType.Q8_0;
        var blocks = new byte[type.ByteCount(values.Length)];
        BlockQuantizer.Encode(type, values, columns, type == GgufTensorType.Q4_0 ? [.. Enumerable.Repeat(1f, columns)] : [], blocks);
        var rounded = new float[values.Length];
        Dequantization.Read(type, 0, rounded, (start, piece) => blocks.AsSpan((int)start, piece.Length).CopyTo(piece));
        return rounded;
    });

    private float[] Logits(string hf, OnnxPrecision precision)
    {
        using OnnxLanguageModel model = OnnxLanguageModel.Open(Write(hf, $"one-{precision}", [precision])[0].Path);
        return LogitsOf(model);
    }

    private static float[] LogitsOf(OnnxLanguageModel model)
    {
        using IDecodingSession session = model.StartSession(Tokens.Length);
        var logits = new float[model.VocabularySize];
        session.Prefill([Tokens], logits);
        return logits;
    }

    private IReadOnlyList<OnnxSummary> Write(string hf, string folder, OnnxPrecision[] precisions, ImportanceMatrix? importance = null, long externalAbove = int.MaxValue) =>
        OnnxExport.Write(hf, _folder[folder], precisions, importance, externalAbove, TestContext.Current.CancellationToken);
}
