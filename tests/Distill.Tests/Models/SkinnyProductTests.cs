using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

/// <summary>Products of few rows against libtorch's own, and against themselves in other company.</summary>
public sealed class SkinnyProductTests
{
    internal static Tensor Drawn(long seed, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator);
    }

    [Theory]
    [InlineData(1, 16, 4), InlineData(1, 896, 1153), InlineData(2, 64, 33), InlineData(3, 4864, 70), InlineData(5, 128, 35), InlineData(16, 896, 640), InlineData(32, 48, 2051)]
    public void TheProductIsLibtorchs(int rows, int columns, int outputs)
    {
        using var none = no_grad();
        using Tensor input = Drawn(1, rows, columns), weight = Drawn(2, outputs, columns), bias = Drawn(3, outputs);
        Assert.True(SkinnyProduct.Takes(input, columns) && SkinnyProduct.TakesWeight(weight));
        using Tensor expected = nn.functional.linear(input.@double(), weight.@double(), bias.@double());
        using Tensor ours = SkinnyProduct.Of(input, (weight, bias))[0], theirs = nn.functional.linear(input, weight, bias);
        double allowed = 4 * Math.Max(1e-7, Difference(theirs, expected)); // as near to the exact product as libtorch's own, summed in another order
        Assert.InRange(Difference(ours, expected), 0, allowed);
    }

    [Fact]
    public void SeveralWeightsAreOneProductEach()
    {
        using var none = no_grad();
        using Tensor input = Drawn(1, 2, 3, 64), first = Drawn(2, 100, 64), second = Drawn(3, 7, 64), third = Drawn(4, 2050, 64), bias = Drawn(5, 7);
        Tensor[] together = SkinnyProduct.Of(input, (first, null), (second, bias), (third, null));
        Assert.Equal([2, 3, 2050], together[2].shape);
        Assert.All(together.Zip([(first, null), (second, bias), (third, (Tensor?)null)]), pair =>
        {
            using Tensor alone = SkinnyProduct.Of(input, pair.Second)[0];
            Assert.True(alone.equal(pair.First).all().item<bool>());
        });
    }

    [Fact]
    public void InputsThatNeedMoreThanASkinnyProductAreLeftToLibtorch()
    {
        using Tensor input = Drawn(1, 2, 64), many = Drawn(2, 33, 64), odd = Drawn(3, 2, 60);
        Assert.False(SkinnyProduct.Takes(input, 64)); // gradients may be wanted
        using var none = no_grad();
        Assert.True(SkinnyProduct.Takes(input, 64));
        Assert.False(SkinnyProduct.Takes(many, 64));
        Assert.False(SkinnyProduct.Takes(odd, 60));
        Assert.False(SkinnyProduct.TakesWeight(many.t()));
        Assert.False(SkinnyProduct.TakesWeight(input.to(ScalarType.BFloat16)));
    }

    private static double Difference(Tensor one, Tensor exact) => (one.@double() - exact).abs().max().item<double>();
}
