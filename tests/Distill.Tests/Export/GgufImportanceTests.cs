using Distill.Export.Gguf;
using Distill.Export.Quantization;
using Distill.Models;
using Distill.Runs;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

/// <summary>Which imatrix a file needs, and which it refuses.</summary>
public sealed class GgufImportanceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public GgufImportanceTests() => TinyModels.Write(_folder["model"], TinyModels.Dense(Architecture.Qwen2) with
    {
        HiddenSize = 256,
        IntermediateSize = 256,
        HeadDim = 64,
        NumKeyValueHeads = 1,
    });

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(GgufFileType.IQ3_XXS)]
    [InlineData(GgufFileType.IQ2_M)]
    [InlineData(GgufFileType.IQ2_XXS)]
    [InlineData(GgufFileType.IQ1_S)]
    [InlineData(GgufFileType.Q2_K_S)]
    public void ATypeThatNeedsAnImatrixIsRefusedByNameWithoutOne(GgufFileType type)
    {
        InputException error = Refused(type, new GgufExportSettings());
        Assert.StartsWith($"{type} needs an imatrix, and there is none for `blk.0.", error.Message);
        Assert.Contains("--imatrix auto", error.Hint);
    }

    [Fact]
    public void AnImatrixOfAnotherModelIsRefused()
    {
        Assert.Equal("other.dat: `blk.0.attn_q.weight` has 3 values, this model needs 256", Refused(GgufFileType.Q4_K_M, Settings("blk.0.attn_q.weight", 3)).Message);
        Assert.Equal("other.dat: has no entry for any tensor of this model", Refused(GgufFileType.Q4_K_M, Settings("blk.70.attn_q.weight", 256)).Message);
    }

    [Fact]
    public void NoImatrixServesAnEmbedding()
    {
        InputException error = Refused(GgufFileType.Q8_0, Settings("token_embd.weight", 256) with { Overrides = [TensorOverride.Parse("token_embd=IQ2_XXS")] });
        Assert.StartsWith("`token_embd.weight` cannot be IQ2_XXS", error.Message);
    }

    [Theory]
    [InlineData(GgufFileType.IQ3_M)]
    [InlineData(GgufFileType.MXFP4_MOE)]
    [InlineData(GgufFileType.TQ2_0)]
    public void OthersAreWrittenWithoutAndReadBack(GgufFileType type)
    {
        GgufExport.Write(_folder["model"], _folder["x.gguf"], type, "tiny");
        using IWeightSource weights = GgufWeights.Open(_folder["x.gguf"]), original = WeightSource.Open(_folder["model"]);
        Assert.True(weights.TryGet("model.layers.0.mlp.down_proj.weight", out TensorInfo? info) & original.TryGet("model.layers.0.mlp.down_proj.weight", out TensorInfo? source));
        float[] values = new float[info!.ElementCount], expected = new float[values.Length];
        weights.ReadFloats(info, 0, values);
        original.ReadFloats(source!, 0, expected);
        double error = values.Zip(expected, (value, other) => Math.Pow(value - other, 2)).Sum() / expected.Sum(value => (double)value * value);
        Assert.InRange(error, 1e-6, type == GgufFileType.TQ2_0 ? 1 : 0.1);
    }

    [Fact]
    public void MoreThanTheDiskHoldsIsNotBegun()
    {
        InputException error = Assert.Throws<InputException>(() => DiskSpace.Require(_folder["not/there"], 1L << 60));
        Assert.Contains("1152921504.6 GB are to be written, but the disk has", error.Message);
        Assert.Contains("--out", error.Hint);
    }

    private static GgufExportSettings Settings(string name, int values) =>
        new() { Importance = new ImportanceMatrix("other.dat", [], 1, 512, new Dictionary<string, ImportanceEntry> { [name] = new(new float[values], [1]) }) };

    private InputException Refused(GgufFileType type, GgufExportSettings settings)
    {
        InputException error = Assert.Throws<InputException>(() => GgufExport.Write(_folder["model"], _folder["out/x.gguf"], type, "tiny", settings));
        Assert.False(Directory.Exists(_folder["out"]), "nothing is begun");
        return error;
    }
}
