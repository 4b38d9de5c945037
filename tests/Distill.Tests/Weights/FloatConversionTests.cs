using System.Runtime.InteropServices;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Weights;

public sealed class FloatConversionTests
{
    [Fact]
    public void EveryHalfWidensToWhatDotNetSays()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits)];
        var wide = new float[65536];
        FloatConversion.HalfToSingle(halves, wide);
        for (int bits = 0; bits < 65536; bits++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            Assert.Equal(expected, wide[bits]);
            Assert.Equal(expected, FloatConversion.HalfToSingle((ushort)bits));
            Assert.Equal(float.IsNegative(expected), float.IsNegative(wide[bits]));
        }
    }

    [Fact]
    public void SingleToHalfRoundsLikeDotNetOnAMillionBitPatternsAndAllTies()
    {
        var random = new Random(5);
        var singles = new List<float>();
        for (int i = 0; i < 1_000_003; i++) singles.Add(BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32)));
        for (int bits = 0; bits < 0x7C00; bits++)
        {
            // Halfway to the next half, and one unit to either side of halfway.
            double tie = ((double)BitConverter.UInt16BitsToHalf((ushort)bits) + (bits == 0x7BFF ? 65536 : (double)BitConverter.UInt16BitsToHalf((ushort)(bits + 1)))) / 2;
            singles.AddRange([(float)tie, MathF.BitIncrement((float)tie), MathF.BitDecrement((float)tie), -(float)tie]);
        }
        singles.AddRange([0f, -0f, float.Epsilon, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, 65504, 65519.996f, 65520]);
        var narrow = new ushort[singles.Count];
        FloatConversion.SingleToHalf(CollectionsMarshal.AsSpan(singles), narrow);
        for (int i = 0; i < narrow.Length; i++)
        {
            if (float.IsNaN(singles[i])) Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(narrow[i])));
            else Assert.Equal(BitConverter.HalfToUInt16Bits((Half)singles[i]), narrow[i]);
        }
    }

    [Theory]
    [InlineData(0x3F80_0000u, 0x3F80)] // 1
    [InlineData(0x3F80_8000u, 0x3F80)] // tie to even, down
    [InlineData(0x3F81_8000u, 0x3F82)] // tie to even, up
    [InlineData(0x3F80_8001u, 0x3F81)]
    [InlineData(0x7F7F_FFFFu, 0x7F80)] // the largest single rounds to infinity
    [InlineData(0x7F80_0001u, 0x7FC0)] // a NaN whose payload is lost stays a NaN
    [InlineData(0x8000_0001u, 0x8000)]
    public void SingleToBFloat16RoundsToNearestEven(uint single, int expected)
    {
        float[] values = [.. Enumerable.Repeat(BitConverter.UInt32BitsToSingle(single), 11)]; // vector part and remainder
        var narrow = new ushort[11];
        FloatConversion.SingleToBFloat16(values, narrow);
        Assert.All(narrow, bits => Assert.Equal((ushort)expected, bits));
    }

    [Fact]
    public void BFloat16WidensExactly()
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        var wide = new float[65536];
        FloatConversion.BFloat16ToSingle(bits, wide);
        for (int i = 0; i < 65536; i++) Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(wide[i]));
    }

    [Theory]
    [InlineData(TensorType.F8E4M3, 0x00, 0f)]
    [InlineData(TensorType.F8E4M3, 0x01, 0.001953125f)] // 2^-9, the smallest subnormal
    [InlineData(TensorType.F8E4M3, 0x38, 1f)]
    [InlineData(TensorType.F8E4M3, 0x7E, 448f)]
    [InlineData(TensorType.F8E4M3, 0xFE, -448f)]
    [InlineData(TensorType.F8E4M3, 0x7F, float.NaN)]
    [InlineData(TensorType.F8E5M2, 0x01, 1.52587890625e-05f)] // 2^-16
    [InlineData(TensorType.F8E5M2, 0x3C, 1f)]
    [InlineData(TensorType.F8E5M2, 0x7B, 57344f)]
    [InlineData(TensorType.F8E5M2, 0x7C, float.PositiveInfinity)]
    [InlineData(TensorType.F8E5M2, 0xFE, float.NaN)]
    public void EightBitFloatsDecodeAsTheirDefinitionSays(TensorType type, int code, float expected)
    {
        var value = new float[1];
        FloatConversion.ToSingle(type, [(byte)code], value);
        Assert.Equal(expected, value[0]);
    }
}
