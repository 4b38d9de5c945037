using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class SplitFloatsTests
{
    // Every upper half, with lower halves around the tie and at random.
    private static readonly uint[] Bits = [.. Enumerable.Range(0, 1 << 16).SelectMany(high =>
        new uint[] { 0, 0x7FFF, 0x8000, 0x8001, 0xFFFF, (uint)(high * 40_503) & 0xFFFF }.Select(low => ((uint)high << 16) | low)).Append(0x3F80_1234u)];

    [Theory, InlineData(false), InlineData(true)]
    public void TheOriginalComesBackToTheBit(bool anywhere)
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor values = Aten.ViewAs(tensor(Array.ConvertAll(Bits, bits => (int)bits), ScalarType.Int32), ScalarType.Float32);
        Tensor rounded = zeros(Bits.Length, ScalarType.BFloat16), rest = zeros(Bits.Length, ScalarType.Int16), joined = zeros(Bits.Length);
        if (anywhere)
        {
            SplitFloats.DivideAnywhere(values, rounded, rest);
            SplitFloats.JoinAnywhere(rounded, rest, joined);
        }
        else
        {
            SplitFloats.Divide(values, rounded, rest);
            SplitFloats.Join(rounded, rest, joined);
        }
        short[] halves = Aten.ViewAs(rounded, ScalarType.Int16).data<short>().ToArray();
        int[] back = Aten.ViewAs(joined, ScalarType.Int32).data<int>().ToArray();
        for (int i = 0; i < Bits.Length; i++)
        {
            float original = BitConverter.UInt32BitsToSingle(Bits[i]), half = BitConverter.UInt32BitsToSingle((uint)(ushort)halves[i] << 16);
            if (float.IsNaN(original))
            {
                Assert.True(float.IsNaN(half) && float.IsNaN(BitConverter.Int32BitsToSingle(back[i])), $"{Bits[i]:X8}");
                continue;
            }
            Assert.Equal(Bits[i], (uint)back[i]);
            uint nearest = (Bits[i] + 0x8000) >> 16; // ties away from zero; beyond the largest comes infinity
            Assert.Equal(nearest, (ushort)halves[i]);
        }
    }

    [Fact]
    public void BesideTiesItIsWhatLibtorchRoundsTo()
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor values = randn(100_001, generator: new Generator(3)), rounded = zeros(values.numel(), ScalarType.BFloat16), rest = zeros(values.numel(), ScalarType.Int16);
        SplitFloats.Divide(values, rounded, rest);
        Tensor tie = Aten.ViewAs(values, ScalarType.Int32).bitwise_and(0xFFFF) == 0x8000;
        Assert.Equal(0, rounded.to(ScalarType.Float32).not_equal(values.to(ScalarType.BFloat16).to(ScalarType.Float32)).logical_and(tie.logical_not()).sum().item<long>());
    }
}
