using Distill.Runs;
using Xunit;

namespace Distill.Tests.Runs;

public sealed class EstimateTests
{
    // R's prop.test(correct = FALSE), as in PassRateTests.
    [Theory]
    [InlineData(8, 10, 0.4902, 0.9433)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(81, 263, 0.2553, 0.3662)]
    public void AShareOfSingleDrawsIsWilsons(int hits, int draws, double low, double high)
    {
        var estimate = Estimate.Share([.. Enumerable.Range(0, draws).Select(i => (i < hits ? 1.0 : 0.0, 1.0))]);
        Assert.Equal((double)hits / draws, estimate.Value, 1e-12);
        Assert.Equal(low, estimate.Low, 1e-3); // n - 1 in the variance, not n
        Assert.Equal(high, estimate.High, 1e-3);
    }

    [Fact]
    public void DrawsOfAUnitThatAgreeCountOnce()
    {
        var once = Estimate.Share([.. Enumerable.Range(0, 50).Select(i => (i < 40 ? 1.0 : 0.0, 1.0))]);
        var eight = Estimate.Share([.. Enumerable.Range(0, 50).Select(i => (i < 40 ? 8.0 : 0.0, 8.0))]);
        var mixed = Estimate.Share([.. Enumerable.Range(0, 50).Select(i => (i % 5 == 0 ? 4.0 : 6.9, 8.0))]);
        Assert.Equal((once.Low, once.High), (eight.Low, eight.High));
        Assert.True(mixed.High - mixed.Low < 0.7 * (eight.High - eight.Low));
    }

    // Quantiles of Student's t from its tables: 12.706 (1), 4.303 (2), 3.182 (3), 2.365 (7).
    [Theory]
    [InlineData(2, 12.706)]
    [InlineData(3, 4.303)]
    [InlineData(4, 3.182)]
    [InlineData(8, 2.365)]
    public void AMeanOfFewIsStudents(int units, double quantile)
    {
        (double, double)[] values = [.. Enumerable.Range(0, units).Select(i => (1000.0 + i, 1.0))];
        double mean = values.Average(value => value.Item1);
        double error = Math.Sqrt(values.Sum(value => (value.Item1 - mean) * (value.Item1 - mean)) / (units - 1) / units);
        Estimate estimate = Estimate.Ratio(values, seed: 1)!;
        Assert.Equal(mean, estimate.Value, 1e-9);
        Assert.Equal(quantile, (estimate.High - mean) / error, 0.02);
        Assert.Equal(quantile, (mean - estimate.Low) / error, 0.02);
    }

    [Fact]
    public void OneUnitTellsNoInterval()
    {
        Assert.Null(Estimate.Ratio([(5, 1)], seed: 1));
        Assert.Equal(new Estimate(5, 5, 5), Estimate.Ratio([(5, 1), (5, 1)], seed: 1));
    }

    [Fact]
    public void TheSameSeedGivesTheSameInterval()
    {
        (double, double)[] units = Draw(new RandomStream(3), 40);
        Assert.Equal(Estimate.Ratio(units, seed: 7), Estimate.Ratio(units, seed: 7));
    }

    // Lengths of reasoning are about lognormal; 3 rollouts of a prompt share most of their spread.
    [Fact]
    public void IntervalsCoverTheTruthAboutAsOftenAsTheySay()
    {
        const int rounds = 300, prompts = 50;
        double trueMean = Math.Exp(0.5 * ((0.5 * 0.5) + (0.4 * 0.4))), trueMedian = 1, trueMost = Math.Exp(1.6448536 * Math.Sqrt((0.5 * 0.5) + (0.4 * 0.4)));
        int mean = 0, median = 0, most = 0, share = 0;
        var random = new RandomStream(5);
        for (int round = 0; round < rounds; round++)
        {
            double[][] values = [.. Enumerable.Range(0, prompts).Select(_ => Lengths(random))];
            mean += Covers(Estimate.Ratio([.. values.Select(unit => (unit.Sum(), 3.0))], round)!, trueMean);
            median += Covers(Estimate.Quantile(values, 0.5, 100), trueMedian);
            most += Covers(Estimate.Quantile(values, 0.95, 100), trueMost);
            share += Covers(Estimate.Share([.. values.Select(unit => (unit.Count(length => length > trueMost) * 1.0, 3.0))]), 0.05);
        }
        Assert.InRange((double)mean / rounds, 0.92, 0.98);
        Assert.InRange((double)median / rounds, 0.92, 1);
        Assert.InRange((double)most / rounds, 0.92, 1);
        Assert.InRange((double)share / rounds, 0.92, 1);
    }

    [Fact]
    public void AQuantileThatTheSampleCannotBoundEndsAtTheLimit()
    {
        double[][] units = [.. Enumerable.Range(1, 20).Select(i => new double[] { i })];
        Estimate most = Estimate.Quantile(units, 0.95, most: 32768);
        Assert.Equal((19, 32768), (most.Value, most.High));
        Assert.Equal(20, Estimate.Quantile([.. Enumerable.Range(0, 2000).Select(i => new double[] { 1 + (i % 20) })], 0.97, most: 32768).High);
    }

    // 50 seen, 200 to come: the sum of what comes falls into the interval.
    [Fact]
    public void ASumToComeFallsIntoItsInterval()
    {
        var random = new RandomStream(9);
        int inside = 0;
        for (int round = 0; round < 200; round++)
        {
            (double, double)[] seen = Draw(random, 50);
            inside += Covers(Estimate.Coming(seen, Estimate.Ratio(seen, round)!, 600), Draw(random, 200).Sum(unit => unit.Item1));
        }
        Assert.InRange(inside, 182, 200);
    }

    private static int Covers(Estimate estimate, double truth) => estimate.Low <= truth && truth <= estimate.High ? 1 : 0;

    private static (double, double)[] Draw(RandomStream random, int prompts) => [.. Enumerable.Range(0, prompts).Select(_ => (Lengths(random).Sum(), 3.0))];

    private static double[] Lengths(RandomStream random)
    {
        double prompt = 0.5 * random.NextNormal();
        return [.. Enumerable.Range(0, 3).Select(_ => Math.Exp(prompt + (0.4 * random.NextNormal())))];
    }
}
