using System.Buffers.Binary;
using Distill.Export.Quantization;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class BlockQuantizerTests
{
    [Fact]
    public void Q8MatchesThePlainFormulaOnEveryKindOfData()
    {
        using var subnormals = new SubnormalNumbers(); // other tests leave threads that take them for zero
        var random = new Random(3);
        foreach (double magnitude in new[] { 1e-45, 1e-40, 1e-30, 1e-6, 1, 1e6 })
        {
            var values = new float[32 * 200];
            for (int i = 0; i < values.Length; i++) values[i] = (float)((random.NextDouble() - 0.5) * magnitude);
            for (int i = 0; i < 32; i++) values[i] = i < 8 ? 0 : 127.5f - i; // ties: the scale is exactly 1 when the largest value is 127
            values[0] = 127;
            AssertMatches(values);
        }
        AssertMatches(new float[64]);
        AssertMatches([.. Enumerable.Repeat(-3.25f, 32)]);
        AssertMatches([.. Enumerable.Range(0, 32).Select(i => i == 5 ? 1e6f : 1e-3f * i)]);
    }

    // Every power of two a float has and its neighbours as the largest magnitude; the others on the middles between two codes and beside them.
    [Fact]
    public void FourBitFloatsMatchThePlainFormulaAtEveryExponent()
    {
        using var subnormals = new SubnormalNumbers();
        float[] codebook = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], middles = [0, 0.5f, 1, 1.5f, 2.5f, 3.5f, 5, 7, 8, 10];
        for (int power = -149; power <= 127; power++)
        {
            float exact = MathF.ScaleB(1, power);
            foreach (float largest in new[] { MathF.BitDecrement(exact), exact, MathF.BitIncrement(exact), exact * 1.5f }.Where(value => value is > 0 and < float.PositiveInfinity))
            {
                byte exponent = unchecked((byte)(int)(MathF.Floor((float)Math.Log2(largest)) - 2 + 127));
                float step = GgufCodebook.HalfStep(exponent);
                var values = new float[32];
                for (int i = 0; i < 30; i++)
                {
                    float middle = middles[i / 3] * step, value = (i % 3) switch { 0 => MathF.BitDecrement(middle), 1 => middle, _ => MathF.BitIncrement(middle) };
                    values[i] = MathF.Abs(value) <= largest ? (i % 2 == 0 ? value : -value) : 0;
                }
                values[30] = largest;
                values[31] = -largest;
                byte[] block = new byte[17];
                BlockQuantizer.Encode(GgufTensorType.MXFP4, values, 32, [], block);

                Assert.Equal(exponent, block[0]);
                for (int i = 0; i < 32; i++)
                {
                    int nearest = 0;
                    for (int code = 1; code < 16; code++)
                        if (MathF.Abs((codebook[code] * step) - values[i]) < MathF.Abs((codebook[nearest] * step) - values[i])) nearest = code;
                    Assert.Equal(nearest, (block[1 + (i % 16)] >> (i / 16 * 4)) & 15);
                }
            }
        }
    }

    [Fact]
    public void DequantisedValuesAreWithinHalfAStep()
    {
        var random = new Random(4);
        float[] values = [.. Enumerable.Range(0, 32 * 50).Select(_ => (float)(random.NextDouble() - 0.5))];
        var bytes = new byte[GgufTensorType.Q8_0.ByteCount(values.Length)];
        BlockQuantizer.Encode(GgufTensorType.Q8_0, values, 32, [], bytes);
        for (int i = 0; i < values.Length; i++)
        {
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(i / 32 * 34));
            float back = scale * (sbyte)bytes[(i / 32 * 34) + 2 + (i % 32)];
            float limit = (0.5f + (127f / 2048)) * scale; // half a step, and the rounding of the scale to half precision
            Assert.InRange(back - values[i], -limit, limit);
        }
    }

    [Fact]
    public void TheLargestStorableValueIsStoredAndALargerOneIsFound()
    {
        foreach ((GgufTensorType type, float limit) in new[]
        {
            (GgufTensorType.F16, MathF.BitDecrement(65520)), // rounds to 65504, the largest half
            (GgufTensorType.BF16, BitConverter.UInt32BitsToSingle(0x7F7F_7FFF)),
            (GgufTensorType.Q8_0, MathF.BitDecrement(65520) * 127),
        })
        {
            float[] values = [.. Enumerable.Repeat(limit, 64)];
            var bytes = new byte[type.ByteCount(64)];
            BlockQuantizer.Encode(type, values, 64, [], bytes);
            Assert.Equal(type == GgufTensorType.BF16 ? 0x7F7F : 0x7BFF, BinaryPrimitives.ReadUInt16LittleEndian(bytes)); // the largest finite number of the type
            Assert.Equal(-1, BlockQuantizer.FirstOverflow(type, bytes));

            values[40] = limit * 1.001f;
            BlockQuantizer.Encode(type, values, 64, [], bytes);
            Assert.Equal(40 / type.BlockSize(), BlockQuantizer.FirstOverflow(type, bytes));
        }
    }

    public static TheoryData<GgufTensorType> SearchedTypes =>
    [
        GgufTensorType.Q4_0, GgufTensorType.Q4_1, GgufTensorType.Q5_0, GgufTensorType.Q5_1, GgufTensorType.Q2_K, GgufTensorType.Q3_K,
        GgufTensorType.Q4_K, GgufTensorType.Q5_K, GgufTensorType.Q6_K, GgufTensorType.IQ4_NL, GgufTensorType.IQ4_XS,
        GgufTensorType.IQ3_S, GgufTensorType.IQ3_XXS, GgufTensorType.IQ2_S, GgufTensorType.IQ2_XS, GgufTensorType.IQ2_XXS, GgufTensorType.IQ1_M, GgufTensorType.IQ1_S,
    ];

    [Theory]
    [MemberData(nameof(SearchedTypes))]
    public void EveryVectorWidthGivesTheBytesOfTheScalarReference(GgufTensorType type)
    {
        var random = new Random(11);
        foreach (double magnitude in new[] { 1e-42, 1e-30, 1e-14, 0.02, 1e5 })
        {
            // 3 rows of 7 × 256: the last tile is not full.
            float[] values = [.. Enumerable.Range(0, 3 * 7 * 256).Select(i => (float)((random.NextDouble() - 0.5) * magnitude * (i % 91 == 0 ? 50 : 1) * (i / 256 % 5 == 2 ? 0 : 1)))];
            float[] importance = [.. Enumerable.Range(0, 7 * 256).Select(i => i % 100 == 3 ? 0 : random.NextSingle())];
            foreach (float[] weights in new[] { [], importance })
            {
                if (weights.Length == 0 && BlockQuantizer.NeedsImportance(type)) continue;
                byte[][] results = [.. Enum.GetValues<LaneWidth>().Where(width => width <= BlockQuantizer.Widest).Select(width =>
                {
                    var bytes = new byte[type.ByteCount(values.Length)];
                    BlockQuantizer.Encode(type, values, 7 * 256, weights, bytes, width);
                    return bytes;
                })];
                foreach (byte[] result in results.Skip(1)) Assert.Equal(results[0], result);
            }
        }
    }

    // ggml ends the process there.
    [Theory]
    [InlineData(GgufTensorType.IQ3_S)]
    [InlineData(GgufTensorType.IQ3_XXS)]
    [InlineData(GgufTensorType.IQ2_S)]
    [InlineData(GgufTensorType.IQ2_XS)]
    [InlineData(GgufTensorType.IQ2_XXS)]
    [InlineData(GgufTensorType.IQ1_M)]
    [InlineData(GgufTensorType.IQ1_S)]
    public void ValuesTooLargeToBeComparedAreFound(GgufTensorType type)
    {
        var random = new Random(5);
        float[] values = [.. Enumerable.Range(0, 3 * 256).Select(i => (random.NextSingle() - 0.5f) * (i / 256 == 1 ? 1e30f : 1))], importance = [.. Enumerable.Repeat(1f, 3 * 256)];
        var bytes = new byte[type.ByteCount(values.Length)];
        BlockQuantizer.Encode(type, values, values.Length, importance, bytes);
        Assert.Equal(1, BlockQuantizer.FirstOverflow(type, bytes));
    }

    // The definition, one value after the other: d = max|x|/127, q = x·(1/d) rounded half away from zero.
    private static void AssertMatches(float[] values)
    {
        var bytes = new byte[GgufTensorType.Q8_0.ByteCount(values.Length)];
        BlockQuantizer.Encode(GgufTensorType.Q8_0, values, 32, [], bytes);
        for (int block = 0; block < values.Length / 32; block++)
        {
            ReadOnlySpan<float> x = values.AsSpan(block * 32, 32);
            float largest = 0;
            foreach (float value in x) largest = Math.Max(largest, Math.Abs(value));
            float d = largest / 127, inverse = d != 0 ? 1 / d : 0;
            Assert.Equal(BitConverter.HalfToUInt16Bits((Half)d), BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(block * 34)));
            for (int i = 0; i < 32; i++)
            {
                float scaled = x[i] * inverse;
                int expected = float.IsFinite(scaled) ? (int)MathF.Round(scaled, MidpointRounding.AwayFromZero) : 0;
                Assert.Equal((sbyte)expected, (sbyte)bytes[(block * 34) + 2 + i]);
            }
        }
    }
}
