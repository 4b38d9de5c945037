using Distill.Export.Quantization;
using Distill.Weights;
using Xunit;

namespace Distill.PeerTests.Export;

/// <summary>Our quantised bytes against llama.cpp's own.</summary>
public sealed class QuantizationPeerTests
{
    private const int RowLength = 768;
    private const int Rows = 5; // 15 super-blocks: the last tile is not full

    private static readonly GgufTensorType[] Types =
    [
        GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8_0, GgufTensorType.Q4_0, GgufTensorType.Q4_1, GgufTensorType.Q5_0, GgufTensorType.Q5_1,
        GgufTensorType.Q2_K, GgufTensorType.Q3_K, GgufTensorType.Q4_K, GgufTensorType.Q5_K, GgufTensorType.Q6_K, GgufTensorType.IQ4_NL, GgufTensorType.IQ4_XS,
        GgufTensorType.IQ3_S, GgufTensorType.IQ3_XXS, GgufTensorType.IQ2_S, GgufTensorType.IQ2_XS, GgufTensorType.IQ2_XXS, GgufTensorType.IQ1_M, GgufTensorType.IQ1_S,
        GgufTensorType.MXFP4, GgufTensorType.TQ1_0, GgufTensorType.TQ2_0,
    ];

    private static readonly Dictionary<string, Func<Random, int, double>> Importance = new()
    {
        ["none"] = (_, _) => 0,
        ["ones"] = (_, _) => 1,
        ["spread"] = (random, _) => Math.Pow(Normal(random), 4),
        ["with zeros"] = (random, i) => i % 3 == 0 ? 0 : random.NextDouble(),
        ["tiny"] = (random, _) => 1e-12 * random.NextDouble(),
        ["zero blocks"] = (random, i) => i / 32 % 3 == 1 ? 0 : random.NextDouble() * 100,
    };

    // Squares that overflow make ggml end the process when it chooses between points; BlockQuantizerTests has what we do.
    public static TheoryData<GgufTensorType, string> TypesAndData => new(from type in Types from data in Data.Keys where data != "huge" || !GgufLattice.Has(type) select (type, data));

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
        ["blocks of zeros"] = (random, i) => i / 32 % 3 == 1 ? 0 : Normal(random),
        ["blocks of almost zeros"] = (random, i) => i / 16 % 3 == 1 ? 1e-9 * Normal(random) : i / 16 % 3 == 2 ? 1e-13 * Normal(random) : Normal(random),
        ["few values"] = (random, _) => random.Next(-2, 3), // many equals, whose order counts in IQ1
        ["one row of zeros"] = (random, i) => i / RowLength == 2 ? 0 : Normal(random),
        ["heavy tails"] = (random, _) => Math.Pow(Normal(random), 5),
    };

    [Theory]
    [MemberData(nameof(TypesAndData))]
    public async Task BlocksAreIdentical(GgufTensorType type, string data)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        foreach ((string name, Func<Random, int, double> importance) in Importance.Where(pair => pair.Key != "none" || !BlockQuantizer.NeedsImportance(type)))
        {
            var random = new Random(29);
            float[] values = [.. Enumerable.Range(0, Rows * RowLength).Select(i => (float)Data[data](random, i))];
            float[] weights = name == "none" ? [] : [.. Enumerable.Range(0, RowLength).Select(i => (float)importance(random, i))];
            var ours = new byte[type.ByteCount(values.Length)];
            BlockQuantizer.Encode(type, values, RowLength, weights, ours);
            byte[] theirs = peer.QuantizeRows(type, values, RowLength, weights);
            if (ours.AsSpan().SequenceEqual(theirs)) continue;
            int first = ours.AsSpan().CommonPrefixLength(theirs);
            Assert.Fail($"importance {name}: {ours.Zip(theirs).Count(pair => pair.First != pair.Second)} of {ours.Length} bytes differ, the first at {first % type.BlockBytes()} of block {first / type.BlockBytes()}");
        }
    }

    [Theory]
    [MemberData(nameof(TypesAndData))]
    public async Task BlocksAreReadBackIdentically(GgufTensorType type, string data)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using var subnormals = new SubnormalNumbers(); // both sides read in the same thread
        var random = new Random(31);
        float[] values = [.. Enumerable.Range(0, Rows * RowLength).Select(i => (float)Data[data](random, i))];
        var bytes = new byte[type.ByteCount(values.Length)];
        BlockQuantizer.Encode(type, values, RowLength, BlockQuantizer.NeedsImportance(type) ? [.. Enumerable.Repeat(1f, RowLength)] : [], bytes);
        var ours = new float[values.Length];
        Dequantization.Read(type, 0, ours, (start, piece) => bytes.AsSpan((int)start, piece.Length).CopyTo(piece));
        Assert.Equal(peer.Dequantize(type, bytes, values.Length).Select(BitConverter.SingleToUInt32Bits), ours.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData(GgufTensorType.IQ3_S)]
    [InlineData(GgufTensorType.IQ3_XXS)]
    [InlineData(GgufTensorType.IQ2_S)]
    [InlineData(GgufTensorType.IQ2_XS)]
    [InlineData(GgufTensorType.IQ2_XXS)]
    [InlineData(GgufTensorType.IQ1_M)]
    [InlineData(GgufTensorType.IQ1_S)]
    [InlineData(GgufTensorType.MXFP4)]
    [InlineData(GgufTensorType.TQ1_0)]
    [InlineData(GgufTensorType.TQ2_0)]
    public async Task AnyBytesAreReadIdentically(GgufTensorType type)
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        using var subnormals = new SubnormalNumbers();
        var bytes = new byte[type.BlockBytes() * 300];
        new Random(37).NextBytes(bytes);
        var ours = new float[type.BlockSize() * 300];
        Dequantization.Read(type, 0, ours, (start, piece) => bytes.AsSpan((int)start, piece.Length).CopyTo(piece));
        Assert.Equal(peer.Dequantize(type, bytes, ours.Length).Select(Bits), ours.Select(Bits));
    }

    // All NaNs are one: which of two factors gives its bits is the compiler's choice.
    private static uint Bits(float value) => float.IsNaN(value) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(value);

    // Around every power of two: there the rounded logarithm jumps.
    [Fact]
    public async Task ExponentsOfMXFP4AreIdenticalAroundEveryPowerOfTwo()
    {
        LlamaCpp peer = await LlamaCpp.LoadAsync();
        var values = new List<float>();
        for (int exponent = 0; exponent < 255; exponent++)
        {
            for (int step = exponent == 0 ? 1 : -160; step <= 160; step++)
                values.AddRange([BitConverter.Int32BitsToSingle((exponent << 23) + step), .. new float[31]]);
        }
        var ours = new byte[GgufTensorType.MXFP4.ByteCount(values.Count)];
        BlockQuantizer.Encode(GgufTensorType.MXFP4, values.ToArray(), 32, [], ours);
        Assert.Equal(peer.QuantizeRows(GgufTensorType.MXFP4, values.ToArray(), 32), ours);
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
