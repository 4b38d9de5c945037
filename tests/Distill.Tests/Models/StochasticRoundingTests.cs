using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class StochasticRoundingTests
{
    private const long Key = 0x1234_5678_9ABC_DEF0;

    private static ushort[] Round(uint[] bits, long first = 0, long key = Key, bool anywhere = false)
    {
        TorchRuntime.Initialize();
        using var scope = NewDisposeScope();
        Tensor values = tensor(Array.ConvertAll(bits, value => (int)value), ScalarType.Int32), rounded = zeros(bits.Length, ScalarType.BFloat16);
        values = Aten.ViewAs(values, ScalarType.Float32);
        if (anywhere) StochasticRounding.RoundAnywhere(values, rounded, first, key);
        else StochasticRounding.Round(values, rounded, first, key);
        return Array.ConvertAll(Aten.ViewAs(rounded, ScalarType.Int16).data<short>().ToArray(), half => (ushort)half);
    }

    private static float Wide(ushort half) => BitConverter.UInt32BitsToSingle((uint)half << 16);

    // Mean of a million roundings: the two neighbours are u apart and the upper one is taken with probability p, so the mean has the standard deviation
    // u √(p (1 − p) / n). Five of them are passed by chance once in 1.7 million cases, and the key is fixed.
    [Theory]
    [InlineData(1.0001f), InlineData(-1.0001f), InlineData(3.14159274f), InlineData(-0.00123f), InlineData(1.00390613f), InlineData(6.1e-39f), InlineData(1e30f)]
    [InlineData(1.00390625f)] // halfway
    public void TheMeanIsTheOriginal(float original)
    {
        const int count = 1 << 20;
        uint bits = BitConverter.SingleToUInt32Bits(original);
        ushort[] rounded = Round([.. Enumerable.Repeat(bits, count)]);
        ushort lower = (ushort)(bits >> 16);
        Assert.All(rounded.Distinct(), half => Assert.InRange(half, lower, lower + 1));
        double probability = (bits & 0xFFFF) / 65536.0;
        double share = rounded.Count(half => half != lower) / (double)count;
        double deviation = Math.Sqrt(probability * (1 - probability) / count);
        Assert.InRange(share, probability - (5 * deviation), probability + (5 * deviation));
        double mean = rounded.Average(half => (double)Wide(half)), apart = Math.Abs((double)Wide((ushort)(lower + 1)) - Wide(lower));
        Assert.InRange(mean, original - (5 * deviation * apart), original + (5 * deviation * apart));
    }

    [Fact]
    public void EveryValueGoesToOneOfItsNeighbours()
    {
        var random = new Random(11);
        uint[] bits = [.. Enumerable.Range(0, 200_003).Select(_ => (uint)random.NextInt64(1L << 32))];
        ushort[] rounded = Round(bits);
        for (int i = 0; i < bits.Length; i++)
        {
            float original = BitConverter.UInt32BitsToSingle(bits[i]), result = Wide(rounded[i]);
            if (float.IsNaN(original)) Assert.True(float.IsNaN(result));
            else if (float.IsInfinity(original)) Assert.Equal(original, result);
            else Assert.True(float.IsFinite(result) && (rounded[i] == bits[i] >> 16 || rounded[i] == (bits[i] >> 16) + 1), $"{original:R} became {result:R}");
        }
    }

    [Fact]
    public void WhatIsSixteenBitsAlreadyStays()
    {
        uint[] all = [.. Enumerable.Range(0, 1 << 16).Select(half => (uint)half << 16)];
        ushort[] rounded = Round(all);
        for (int half = 0; half < all.Length; half++)
        {
            if (float.IsNaN(Wide((ushort)half))) Assert.True(float.IsNaN(Wide(rounded[half])) && (rounded[half] & 0x8000) == (half & 0x8000));
            else Assert.Equal(half, rounded[half]); // both zeros and both infinities too
        }
    }

    [Fact]
    public void WhatIsFiniteStaysFinite()
    {
        uint[] largest = [.. Enumerable.Repeat(BitConverter.SingleToUInt32Bits(float.MaxValue), 5000), .. Enumerable.Repeat(BitConverter.SingleToUInt32Bits(float.MinValue), 5000)];
        Assert.Equal([0x7F7F, 0xFF7F], Round(largest).Distinct());
        // Not a number whose set bits would be carried away.
        Assert.All(Round([.. Enumerable.Repeat(0x7F800001u, 100), .. Enumerable.Repeat(0xFFFFFFFFu, 100)]), half => Assert.True(float.IsNaN(Wide(half))));
    }

    [Fact]
    public void TheKeyDecides()
    {
        uint[] bits = Bits(100_000);
        Assert.Equal(Round(bits), Round(bits));
        int same = Round(bits).Zip(Round(bits, key: Key + 1)).Count(pair => pair.First == pair.Second);
        Assert.InRange(same, 66_000, 67_500); // two independent draws agree with p² + (1 − p)²: two thirds on average over p
        Assert.NotEqual(Round(bits), Round(bits, first: 16));
    }

    // What is drawn in one place says nothing about its neighbours, the place sixteen further (one stretch of the kernel), or the next key.
    [Theory, InlineData(1), InlineData(8), InlineData(16)]
    public void DrawsAreIndependent(int apart)
    {
        const int count = 1 << 18;
        double[] up = [.. Round([.. Enumerable.Repeat(0x3F808000u, count)]).Select(half => half == 0x3F80 ? -1.0 : 1.0)];
        double[] next = [.. Round([.. Enumerable.Repeat(0x3F808000u, count)], key: Key + 1).Select(half => half == 0x3F80 ? -1.0 : 1.0)];
        Assert.InRange(up.SkipLast(apart).Zip(up.Skip(apart)).Sum(pair => pair.First * pair.Second), -5 * Math.Sqrt(count), 5 * Math.Sqrt(count));
        Assert.InRange(up.Zip(next.Skip(apart - 1)).Sum(pair => pair.First * pair.Second), -5 * Math.Sqrt(count), 5 * Math.Sqrt(count));
    }

    [Fact]
    public void StretchesThreadsAndDevicesMakeNoDifference()
    {
        uint[] bits = Bits(70_003); // neither a multiple of a group nor of what a thread takes
        ushort[] whole = Round(bits, first: 1L << 36);
        Assert.Equal(whole, (ushort[])[.. Round(bits[..4096], 1L << 36), .. Round(bits[4096..40_000], (1L << 36) + 4096), .. Round(bits[40_000..], (1L << 36) + 40_000)]);
        Assert.Equal(whole, Round(bits, first: 1L << 36, anywhere: true));
        uint[] special = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFFFFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 1, 0x80000001, 0x0000FFFF, 0x007FFFFF];
        Assert.Equal(Round(special), Round(special, anywhere: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => Round(bits, first: 8));
    }

    private static uint[] Bits(int count)
    {
        var random = new Random(12);
        return [.. Enumerable.Range(0, count).Select(_ => BitConverter.SingleToUInt32Bits((float)(random.NextDouble() - 0.5)))];
    }
}
