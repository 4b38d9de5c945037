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
        using var rotary = new RotaryEmbedding(4, 100, 16, CPU);
        using Tensor turned = RotaryEmbedding.Rotate(tensor(new float[] { 1, 2, 3, 4 }, [1, 1, 1, 4]), rotary.At(tensor(new long[] { 5 }, [1, 1])));
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
    public void ReorderingRowsAndBackChangesNothing()
    {
        TorchRuntime.Initialize(1);
        Tensor rows = arange(24, dtype: ScalarType.Float32).reshape(12, 2);
        Tensor ours = RotaryLayout.ToNeighbours(rows, 2);
        Assert.Equal([0f, 1, 6, 7, 2, 3], TinyShapes.Floats(ours)[..6]); // rows 0, 3, 1 of the first head of six
        Assert.Equal(TinyShapes.Floats(rows), TinyShapes.Floats(RotaryLayout.ToHalves(ours, 2)));
    }
}
