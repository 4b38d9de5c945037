using Distill.Runs;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class LossWatchTests
{
    private static readonly StepBatches Batches = new([[[new TrainingSample((int[])[1, 2, 3], 1, "trace-7")]]], 2, 3);

    private static LossWatch After(int steps, double loss, double factor = 4)
    {
        var watch = new LossWatch(factor);
        for (int step = 1; step <= steps; step++) watch.Check(step, loss, 1, Batches);
        return watch;
    }

    [Fact]
    public void AJumpStopsAndNamesStepAndSamples()
    {
        var error = Assert.Throws<InputException>(() => After(100, 0.5).Check(101, 2.5, 1, Batches));
        Assert.Contains("jumped to 2.500 at step 101", error.Message, StringComparison.Ordinal);
        Assert.Contains("trace-7", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, 1.4)]    // less than four times
    [InlineData(0.01, 0.09)]  // nine times, but a small loss may double by chance
    public void OrdinaryNoisePasses(double before, double now) => After(100, before).Check(101, now, 1, Batches);

    [Fact]
    public void TheFirstStepsMayDoAnything() => After(20, 0.5).Check(21, 9, 1, Batches);

    [Fact]
    public void FactorZeroTurnsItOff() => After(100, 0.5, factor: 0).Check(101, 50, 1, Batches);

    [Theory, InlineData(double.NaN, 1), InlineData(1, double.PositiveInfinity)]
    public void WhatIsNoNumberNeverPasses(double loss, double norm) =>
        Assert.Throws<InputException>(() => After(0, 0, factor: 0).Check(1, loss, norm, Batches));
}
