using Distill.Export.Gguf;
using Distill.Tests;
using Distill.Weights;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>Our quantised bytes against llama.cpp's own.</summary>
public sealed class QuantizationPeerTests
{
    private const int RowLength = 256;
    private const int Rows = 64;

    public static TheoryData<string> DataSets => [.. Data.Keys];

    private static readonly Dictionary<string, Func<Random, int, double>> Data = new()
    {
        ["normal"] = (random, _) => Normal(random),
        ["uniform"] = (random, _) => random.NextDouble() - 0.5,
        ["like weights"] = (random, _) => 0.02 * Normal(random),
        ["tiny"] = (random, _) => 1e-20 * Normal(random),
        ["huge"] = (random, _) => 1e30 * Normal(random),
        ["up to the largest half"] = (random, _) => 65504 * (random.NextDouble() - 0.5),
        ["zero"] = (_, _) => 0,
        ["negative zero"] = (_, i) => i % 3 == 0 ? 0.0 : -0.0,
        ["constant"] = (_, _) => -0.7,
        ["subnormal"] = (random, _) => 1e-40 * Normal(random),
        ["smallest subnormal"] = (_, i) => i % 5 == 0 ? float.Epsilon : 0,
        ["outlier"] = (random, i) => i % 97 == 0 ? 1000 * Normal(random) : 0.01 * Normal(random),
        ["one of many"] = (_, i) => i % 32 == 7 ? 3 : 0,
        ["ties"] = (_, i) => i % 32 == 0 ? 127 : (i % 32) - 15.5,
        ["powers of two"] = (random, i) => Math.ScaleB(i % 2 == 0 ? 1 : -1, random.Next(-20, 20)),
        ["heavy tails"] = (random, _) => Math.Pow(Normal(random), 5),
    };

    [Theory]
    [MemberData(nameof(DataSets))]
    public async Task Q8BlocksAreIdentical(string name)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        var random = new Random(29);
        float[] values = [.. Enumerable.Range(0, Rows * RowLength).Select(i => (float)Data[name](random, i))];
        var ours = new byte[GgufTensorType.Q8_0.ByteCount(values.Length)];
        BlockQuantizer.Encode(GgufTensorType.Q8_0, values, ours);
        Assert.Equal(peer.QuantizeRows(GgufTensorType.Q8_0, values, RowLength), ours);
    }

    [Theory]
    [InlineData(false, GgufFileType.F16)]
    [InlineData(false, GgufFileType.BF16)]
    [InlineData(false, GgufFileType.Q8_0)]
    [InlineData(true, GgufFileType.F16)]
    [InlineData(true, GgufFileType.BF16)]
    [InlineData(true, GgufFileType.Q8_0)]
    public async Task AFileThatWeWriteEqualsOneThatLlamaCppQuantises(bool deepSeek, GgufFileType type)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using var folder = new TemporaryFolder();
        if (deepSeek) TinyModels.DeepSeekV3(folder["model"]);
        else TinyModels.Qwen2(folder["model"], tied: false);
        GgufExport.Write(folder["model"], folder["f32.gguf"], GgufFileType.F32, "tiny");
        GgufExport.Write(folder["model"], folder["ours.gguf"], type, "tiny");
        peer.QuantizeFile(folder["f32.gguf"], folder["theirs.gguf"], (int)type);

        using GgufReader ours = GgufReader.Open(folder["ours.gguf"]), theirs = GgufReader.Open(folder["theirs.gguf"]);
        Assert.Equal(theirs.Tensors.Select(tensor => tensor.Name).Order(), ours.Tensors.Select(tensor => tensor.Name).Order());
        foreach (GgufTensorInfo expected in theirs.Tensors)
        {
            Assert.True(ours.TryGet(expected.Name, out GgufTensorInfo? info));
            Assert.Equal((expected.Name, expected.Type, expected.ByteCount), (info.Name, info.Type, info.ByteCount));
            Assert.Equal(expected.Shape, info.Shape);
            Assert.True(theirs.Bytes(expected).SequenceEqual(ours.Bytes(info)), expected.Name);
        }
        foreach ((string key, object value) in theirs.Metadata)
        {
            Assert.True(ours.Metadata.TryGet(key, out object? stored), key);
            Assert.Equal(value, stored);
        }
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
