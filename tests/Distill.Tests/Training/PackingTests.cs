using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class PackingTests
{
    private static readonly TrainingSample[] Samples = [.. Enumerable.Range(0, 500).Select(i => Sample(i, 20 + (i * 37 % 60)))];

    internal static TrainingSample Sample(int first, int length) => new([first, .. Enumerable.Range(1, length - 1)], 5);

    [Fact]
    public void EverySampleIsInExactlyOneRowAndNoRowIsTooLong()
    {
        var rows = Packing.Pack(Samples, 128, together: true, seed: 1);
        Assert.Equal(Enumerable.Range(0, 500), rows.SelectMany(row => row).Select(sample => sample.Tokens[0]).Order());
        Assert.All(rows, row => Assert.InRange(row.Sum(sample => sample.Tokens.Length), 1, 128));
    }

    [Fact]
    public void RowsAreNearlyFull()
    {
        var rows = Packing.Pack(Samples, 256, together: true, seed: 1);
        Assert.True(Samples.Sum(sample => sample.Tokens.Length) > 0.93 * 256 * rows.Count);
    }

    [Fact]
    public void TheSeedDecidesTheOrder()
    {
        Assert.Equal(First(1), First(1));
        Assert.NotEqual(First(1), First(2));

        static int[] First(long seed) => [.. Packing.Pack(Samples, 128, true, seed)[0].Select(sample => sample.Tokens[0])];
    }

    [Fact]
    public void ApartEverySampleHasARow() =>
        Assert.All(Packing.Pack(Samples, 128, together: false, seed: 1), row => Assert.Single(row));

    [Fact]
    public void ABatchCountsTheCompletionAndNothingElse()
    {
        Distill.Models.TorchRuntime.Initialize(1);
        using var batch = PackedBatch.Of([[new([7, 8, 9, 10], 2), new([3, 4, 5], 1)], [new([1, 2], 1)]], TorchSharp.torch.CPU);
        Assert.Equal([7L, 8, 9, 10, 3, 4, 5, 1, 2, 0, 0, 0, 0, 0], batch.InputIds.data<long>().ToArray());
        Assert.Equal([0L, 1, 2, 3, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0], batch.Positions.data<long>().ToArray());
        Assert.Equal([1L, 1, 1, 1, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0], batch.Documents.data<long>().ToArray());
        Assert.Equal([1L, 2, 4, 5, 7], batch.LossIndex.data<long>().ToArray());
        Assert.Equal([9L, 10, 4, 5, 2], batch.Targets.data<long>().ToArray());
    }
}
