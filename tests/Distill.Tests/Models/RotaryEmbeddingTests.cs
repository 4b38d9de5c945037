using Distill.Models;
using Xunit;
using static TorchSharp.torch;

namespace Distill.Tests.Models;

public sealed class RotaryEmbeddingTests
{
    [Fact]
    public void NeighboursTurnByPositionTimesFrequency()
    {
        TorchRuntime.Initialize(1);
        using var rotary = new RotaryEmbedding(TinyShapes.Qwen() with { HeadDim = 4, RopeTheta = 100 }, CPU);
        using Tensor turned = RotaryEmbedding.Rotate(tensor(new float[] { 1, 2, 3, 4 }, [1, 1, 1, 4]), rotary.At(tensor(new long[] { 5 }, [1, 1]), 6));
        float[] actual = TinyShapes.Floats(turned);
        double[] angles = [5, 5 / Math.Sqrt(100)];
        double[] expected = [.. angles.SelectMany((angle, i) => new[]
        {
            ((1 + (2 * i)) * Math.Cos(angle)) - ((2 + (2 * i)) * Math.Sin(angle)),
            ((1 + (2 * i)) * Math.Sin(angle)) + ((2 + (2 * i)) * Math.Cos(angle)),
        })];
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 5));
    }

    [Fact]
    public void PositionsBeyondThePreparedOnesTurnAsFarAsTheyShould()
    {
        TorchRuntime.Initialize(1);
        using var rotary = new RotaryEmbedding(TinyShapes.Qwen() with { HeadDim = 2, MaxPositionEmbeddings = 16 }, CPU);
        using Tensor turns = rotary.At(tensor(new long[] { 3, 5000 }, [1, 2]), 5001).view_as_real();
        Assert.All(TinyShapes.Floats(turns).Zip([Math.Cos(3), Math.Sin(3), Math.Cos(5000), Math.Sin(5000)]), pair => Assert.Equal(pair.Second, pair.First, 6));
    }

    [Fact]
    public void ReorderingRowsAndBackChangesNothing()
    {
        TorchRuntime.Initialize(1);
        Tensor rows = arange(24, dtype: ScalarType.Float32).reshape(12, 2);
        Tensor ours = RotaryLayout.ToNeighbours(rows, 2);
        Assert.Equal([0f, 1, 6, 7, 2, 3], TinyShapes.Floats(ours)[..6]); // rows 0, 3, 1 of the first head of six
        Assert.Equal(TinyShapes.Floats(rows), TinyShapes.Floats(RotaryLayout.ToHalves(ours, 2)));
    }
}
