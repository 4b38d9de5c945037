using System.Buffers.Binary;
using Distill.Export.Gguf;
using Distill.Weights;
using Xunit;

namespace Distill.Tests.Export;

public sealed class BlockQuantizerTests
{
    [Fact]
    public void Q8MatchesThePlainFormulaOnEveryKindOfData()
    {
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

    [Fact]
    public void DequantisedValuesAreWithinHalfAStep()
    {
        var random = new Random(4);
        float[] values = [.. Enumerable.Range(0, 32 * 50).Select(_ => (float)(random.NextDouble() - 0.5))];
        var bytes = new byte[GgufTensorType.Q8_0.ByteCount(values.Length)];
        BlockQuantizer.Encode(GgufTensorType.Q8_0, values, bytes);
        for (int i = 0; i < values.Length; i++)
        {
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(i / 32 * 34));
            float back = scale * (sbyte)bytes[(i / 32 * 34) + 2 + (i % 32)];
            float limit = (0.5f + (127f / 2048)) * scale; // half a step, and the rounding of the scale to half precision
            Assert.InRange(back - values[i], -limit, limit);
        }
    }

    [Fact]
    public void TheLargestStorableValueIsStoredAndNothingOverflowsAtTheLimit()
    {
        foreach (GgufTensorType type in new[] { GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8_0 })
        {
            float[] values = [.. Enumerable.Repeat(BlockQuantizer.Limit(type), 32)];
            var bytes = new byte[type.ByteCount(32)];
            BlockQuantizer.Encode(type, values, bytes);
            ushort first = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            Assert.Equal(type == GgufTensorType.BF16 ? 0x7F7F : 0x7BFF, first); // the largest finite number of the type

            values.AsSpan().Fill(MathF.BitIncrement(BlockQuantizer.Limit(type)));
            BlockQuantizer.Encode(type, values, bytes);
            if (type != GgufTensorType.Q8_0) Assert.Equal(type == GgufTensorType.BF16 ? 0x7F80 : 0x7C00, BinaryPrimitives.ReadUInt16LittleEndian(bytes));
        }
    }

    // The definition, one value after the other: d = max|x|/127, q = x·(1/d) rounded half away from zero.
    private static void AssertMatches(float[] values)
    {
        var bytes = new byte[GgufTensorType.Q8_0.ByteCount(values.Length)];
        BlockQuantizer.Encode(GgufTensorType.Q8_0, values, bytes);
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
