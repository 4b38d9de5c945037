using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class AdamWUpdateTests
{
    public AdamWUpdateTests() => TorchRuntime.Initialize();

    // libtorch's own kernel on the same numbers; lengths around a vector and a piece, a border of the decayed values in the middle of both.
    [Theory]
    [InlineData(1, 0)]
    [InlineData(7, 3)]
    [InlineData(259, 258)]
    [InlineData(100_003, 70_001)]
    public void ItIsTheUpdateOfLibtorch(int count, int decayed)
    {
        using var scope = NewDisposeScope();
        (Tensor values, Tensor gradients, Tensor mean, Tensor variance) = Drawn(count);
        Tensor[] ours = [values.clone(), gradients.clone(), mean.clone(), variance.clone()];
        for (int step = 3; step <= 4; step++)
        {
            var rates = new AdamWRates(step, 0.01, 0.9, 0.98, 0.1, 1e-8, GradientScale: 0.5);
            AdamWUpdate.RunAnywhere(values, gradients, mean, variance, decayed, rates);
            AdamWUpdate.Run(ours[0], ours[1], ours[2], ours[3], decayed, rates);
            Assert.Equal(0, ours[1].abs().sum().item<float>());
            gradients.copy_(values.sin());
            ours[1].copy_(gradients);
        }
        foreach ((Tensor expected, Tensor actual) in new[] { (values, ours[0]), (mean, ours[2]), (variance, ours[3]) })
        {
            Assert.InRange(((actual - expected).abs() / (expected.abs() + 1)).max().item<float>(), 0, 5e-6f);
        }
    }

    // Threads take whole pieces: the same numbers in one stretch and in several are the same bits.
    [Fact]
    public void StretchesChangeNothing()
    {
        using var scope = NewDisposeScope();
        const int Count = 300_000, Decayed = 200_100, Border = 131_072;
        var rates = new AdamWRates(2, 0.01, 0.9, 0.95, 0.1, 1e-8, 0.25);
        (Tensor values, Tensor gradients, Tensor mean, Tensor variance) = Drawn(Count);
        Tensor[] parts = [values.clone(), gradients.clone(), mean.clone(), variance.clone()];
        AdamWUpdate.Run(values, gradients, mean, variance, Decayed, rates);
        Tensor[] first = [.. parts.Select(tensor => tensor.narrow(0, 0, Border))], second = [.. parts.Select(tensor => tensor.narrow(0, Border, Count - Border))];
        AdamWUpdate.Run(first[0], first[1], first[2], first[3], Border, rates);
        AdamWUpdate.Run(second[0], second[1], second[2], second[3], Decayed - Border, rates);
        Assert.Equal(TinyShapes.Floats(values), TinyShapes.Floats(parts[0]));
        Assert.Equal(TinyShapes.Floats(variance), TinyShapes.Floats(parts[3]));
    }

    // From the definition: roots in 127 steps of the block's largest, the last block shorter than the others.
    [Fact]
    public void MomentsOfEightBitsAreRootsInSteps()
    {
        using var scope = NewDisposeScope();
        const int Count = 600, Blocks = 3;
        (Tensor values, Tensor gradients, Tensor mean, Tensor variance) = Drawn(Count);
        Tensor exact = values.clone();
        (Tensor Numbers, Tensor Scales) means = (zeros(Blocks, 256, ScalarType.Int8), zeros(Blocks, 1)), variances = (zeros(Blocks, 256, ScalarType.Int8), zeros(Blocks, 1));
        var rates = new AdamWRates(1, 0.01, 0.9, 0.95, 0.1, 1e-8);
        float[] gradient = TinyShapes.Floats(gradients);
        mean.zero_();
        variance.zero_();
        AdamWUpdate.Run(values, gradients, means, variances, 300, rates);
        gradients.copy_(tensor(gradient));
        AdamWUpdate.Run(exact, gradients, mean, variance, 300, rates);
        Assert.Equal(TinyShapes.Floats(exact), TinyShapes.Floats(values)); // moments were zero, so nothing was lost yet

        (float[] wanted, float[] square) = (TinyShapes.Floats(mean), TinyShapes.Floats(variance));
        sbyte[] numbers = means.Numbers.data<sbyte>().ToArray(), squareNumbers = variances.Numbers.data<sbyte>().ToArray();
        float[] scales = TinyShapes.Floats(means.Scales), squareScales = TinyShapes.Floats(variances.Scales);
        for (int i = 0; i < Count; i++)
        {
            double scale = Enumerable.Range(i / 256 * 256, Math.Min(256, Count - (i / 256 * 256))).Max(at => Math.Sqrt(Math.Abs((double)wanted[at]))) / 127;
            double squareScale = Enumerable.Range(i / 256 * 256, Math.Min(256, Count - (i / 256 * 256))).Max(at => Math.Pow(square[at], 0.25)) / 127;
            Assert.Equal(scale, scales[i / 256], scale * 1e-6);
            Assert.Equal(squareScale, squareScales[i / 256], squareScale * 1e-6);
            Assert.InRange(numbers[i] - (Math.Sign(wanted[i]) * Math.Sqrt(Math.Abs(wanted[i])) / scale), -0.501, 0.501);
            Assert.InRange(squareNumbers[i] - Math.Max(1, Math.Pow(square[i], 0.25) / squareScale), -0.501, 0.501);
        }
        Assert.All(numbers[Count..], number => Assert.Equal(0, number));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(33_000)]
    [InlineData(1_000_003)]
    public void SumsOfSquaresDoNotDependOnThreads(int count)
    {
        using var scope = NewDisposeScope();
        Tensor values = randn(count, generator: new Generator(3));
        double sum = SquareSum.Of(values), expected = TinyShapes.Floats(values).Sum(value => (double)value * value);
        Assert.Equal(expected, sum, expected * 1e-6);
        Assert.Equal(sum, SquareSum.Of(values));
        values[count / 2] = float.NaN;
        Assert.True(double.IsNaN(SquareSum.Of(values)));
    }

    private static (Tensor Values, Tensor Gradients, Tensor Mean, Tensor Variance) Drawn(int count)
    {
        using var generator = new Generator(1);
        return (randn(count, generator: generator), randn(count, generator: generator), randn(count, generator: generator), randn(count, generator: generator).square());
    }
}
