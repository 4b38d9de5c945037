using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class PackingTests
{
    private static readonly TrainingSample[] Samples = [.. Enumerable.Range(0, 500).Select(i => Sample(i, 20 + (i * 37 % 60)))];

    private static readonly TrainOptions Rows128 = new() { SequenceLength = 128, BatchSize = 8 };

    private static TrainingSample Sample(int first, int length) => new((int[])[first, .. Enumerable.Range(1, length - 1)], 5);

    [Theory, InlineData(true), InlineData(false)]
    public void EverySampleIsInExactlyOneRowAndNoRowIsTooLong(bool together)
    {
        var rows = Packing.Pack(Samples, Rows128 with { Packing = together }, epoch: 0);
        Assert.Equal(Enumerable.Range(0, 500), rows.SelectMany(row => row).Select(sample => sample.Tokens.Span[0]).Order());
        Assert.All(rows, row => Assert.InRange(row.Sum(sample => sample.Length), 1, 128));
        if (!together) Assert.All(rows, row => Assert.Single(row));
    }

    [Theory, InlineData(128, 0.93), InlineData(256, 0.95)]
    public void RowsAreNearlyFull(int length, double share)
    {
        var rows = Packing.Pack(Samples, Rows128 with { SequenceLength = length }, epoch: 0);
        Assert.True(Samples.Sum(sample => sample.Length) > share * length * rows.Count);
    }

    [Fact]
    public void ARowHoldsSamplesOfManyLengths()
    {
        static double Spread(IEnumerable<int> lengths) => Math.Sqrt(lengths.Select(length => Math.Pow(length - lengths.Average(), 2)).Average());
        TrainingSample[] samples = [.. Enumerable.Range(0, 2000).Select(i => Sample(i, 20 + (i * 37 % 41)))];
        var rows = Packing.Pack(samples, Rows128 with { SequenceLength = 512 }, epoch: 0);
        double within = rows.Average(row => Spread(row.Select(sample => sample.Length))), all = Spread(samples.Select(sample => sample.Length));
        Assert.True(within > 0.8 * all, $"lengths spread {within:0.0} tokens within a row, {all:0.0} over all"); // sorted by length: about a tenth
    }

    [Fact]
    public void SeedAndEpochDecideTheOrder()
    {
        Assert.Equal(Order(1, 0), Order(1, 0));
        Assert.NotEqual(Order(1, 0), Order(2, 0));
        Assert.NotEqual(Order(1, 0), Order(1, 1));

        static int[] Order(long seed, int epoch) =>
            [.. Packing.Pack(Samples, Rows128 with { Seed = seed }, epoch).SelectMany(row => row).Select(sample => sample.Tokens.Span[0])];
    }

    [Fact]
    public void ApartTheRowsOfAnUpdateHaveLikeLengths()
    {
        var rows = Packing.Pack(Samples, Rows128 with { Packing = false }, epoch: 0);
        int[][] updates = [.. rows.Select(row => row[0].Length).Chunk(8)];
        int padding = updates.Sum(lengths => lengths.Sum(length => lengths.Max() - length));
        Assert.True(padding < 0.05 * Samples.Sum(sample => sample.Length), $"{padding} tokens of padding");
        Assert.NotEqual(updates.Select(lengths => lengths[0]).Order(), updates.Select(lengths => lengths[0])); // long ones are not all last
    }

    [Fact]
    public void ABatchCountsTheCompletionAndNothingElse()
    {
        Distill.Models.TorchRuntime.Initialize(1);
        using var batch = PackedBatch.Of([[new((int[])[7, 8, 9, 10], 2), new((int[])[3, 4, 5], 1)], [new((int[])[1, 2], 1)]], TorchSharp.torch.CPU);
        Assert.Equal([7L, 8, 9, 10, 3, 4, 5, 1, 2, 0, 0, 0, 0, 0], batch.InputIds.data<long>().ToArray());
        Assert.Equal([0L, 1, 2, 3, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0], batch.Positions.data<long>().ToArray());
        Assert.Equal([[4L, 3], [2L, 5]], batch.Documents);
        Assert.Equal([1L, 2, 4, 5, 7], batch.LossIndex.data<long>().ToArray());
        Assert.Equal([9L, 10, 4, 5, 2], batch.Targets.data<long>().ToArray());
    }

    // The meta device holds no values, but a place of its own as a second GPU is: it stands for that of the head.
    [Fact]
    public void TokensAreWhereTheModelBeginsAndTargetsWhereItEnds()
    {
        Distill.Models.TorchRuntime.Initialize(1);
        using var batch = PackedBatch.Of([[new((int[])[7, 8, 9, 10], 2)]], TorchSharp.torch.CPU, head: TorchSharp.torch.META);
        Assert.Equal(TorchSharp.DeviceType.CPU, batch.InputIds.device_type);
        Assert.Equal(TorchSharp.DeviceType.CPU, batch.Positions.device_type);
        Assert.Equal(TorchSharp.DeviceType.META, batch.Targets.device_type);
    }
}
