using Distill.Eval;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Eval;

public sealed class PassRateTests
{
    // Values of Wilson's interval in Brown, Cai and DasGupta 2001 and in R's prop.test(correct = FALSE).
    [Theory]
    [InlineData(8, 10, 0.4902, 0.9433)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(81, 263, 0.2553, 0.3662)]
    public void OneSampleEachIsWilsonsInterval(int right, int problems, double low, double high)
    {
        PassRate rate = PassRate.Of([.. Enumerable.Range(0, problems).Select(i => i < right ? 1 : 0)], samples: 1);
        Assert.Equal((double)right / problems, rate.Value, 1e-12);
        Assert.Equal(low, rate.Low, 1e-4);
        Assert.Equal(high, rate.High, 1e-4);
        Assert.Null(rate.SamplingStandardError);
    }

    [Fact]
    public void SamplesThatAlwaysAgreeAreWorthOne()
    {
        PassRate once = PassRate.Of([.. Enumerable.Range(0, 50).Select(i => i < 40 ? 1 : 0)], samples: 1);
        PassRate eight = PassRate.Of([.. Enumerable.Range(0, 50).Select(i => i < 40 ? 8 : 0)], samples: 8);
        Assert.Equal((once.Value, once.Low, once.High), (eight.Value, eight.Low, eight.High));
        Assert.Equal(0, eight.SamplingStandardError);
    }

    [Fact]
    public void SamplesThatDoNotDependOnTheProblemAreWorthAllOfThem()
    {
        PassRate halves = PassRate.Of([.. Enumerable.Repeat(4, 50)], samples: 8);
        PassRate wilson = PassRate.Of([.. Enumerable.Range(0, 400).Select(i => i % 2)], samples: 1);
        Assert.Equal(wilson.Low, halves.Low, 1e-12);
        Assert.Equal(wilson.High, halves.High, 1e-12);
    }

    // 2,000 evaluations of models whose true pass@1 is known; a 95 % interval that misses it in more than 9 % of cases would fail.
    [Theory]
    [InlineData(30, 4, 0.5, 0.5)]
    [InlineData(50, 4, 1, 9)]
    [InlineData(200, 4, 50, 0.5)]
    [InlineData(200, 1, 19, 1)]
    [InlineData(100, 8, 500, 500)]
    public void TheIntervalHoldsTheTruthAsOftenAsItSays(int problems, int samples, double a, double b)
    {
        var random = new RandomStream(5);
        int held = 0;
        const int evaluations = 2000;
        for (int i = 0; i < evaluations; i++)
        {
            int[] correct = new int[problems];
            for (int problem = 0; problem < problems; problem++)
            {
                double rate = Beta(random, a, b);
                for (int sample = 0; sample < samples; sample++) correct[problem] += random.NextDouble() < rate ? 1 : 0;
            }
            PassRate measured = PassRate.Of(correct, samples);
            if (measured.Low <= a / (a + b) && a / (a + b) <= measured.High) held++;
        }
        Assert.InRange((double)held / evaluations, 0.925, 0.985);
    }

    [Fact]
    public void OneProblemSaysLittle()
    {
        PassRate rate = PassRate.Of([1], samples: 1);
        Assert.Null(rate.StandardError);
        Assert.InRange(rate.High - rate.Low, 0.7, 1);
    }

    private static double Beta(RandomStream random, double a, double b)
    {
        double x = Gamma(random, a), y = Gamma(random, b);
        return x / (x + y);
    }

    // Marsaglia and Tsang, ACM TOMS 26, 2000.
    private static double Gamma(RandomStream random, double shape)
    {
        if (shape < 1) return Gamma(random, shape + 1) * Math.Pow(1 - random.NextDouble(), 1 / shape);
        double d = shape - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = random.NextNormal(), v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v))) return d * v;
        }
    }
}
