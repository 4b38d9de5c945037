using Distill.Chat;
using Distill.Inference;
using Xunit;

namespace Distill.Tests.Inference;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1.0f, 3.0f, 2.0f, -4.0f, 3.0f];

    private static int[] Draws(SamplingOptions options, int count = 20_000)
    {
        var sampler = new Sampler(options);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Draw(Logits))];
    }

    private static double[] Softmax(double temperature, params int[] kept)
    {
        double[] weights = [.. Logits.Select((logit, token) => kept.Contains(token) ? Math.Exp(logit / temperature) : 0)];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    private static void FollowsDistribution(int[] draws, double[] expected)
    {
        for (int token = 0; token < expected.Length; token++)
        {
            double share = draws.Count(draw => draw == token) / (double)draws.Length;
            // Four standard errors: a right sampler fails once in 16,000 seeds, and the seed is fixed.
            Assert.InRange(share, expected[token] - (4 * Math.Sqrt(expected[token] / draws.Length)) - 1e-9, expected[token] + (4 * Math.Sqrt(expected[token] / draws.Length)) + 1e-9);
        }
    }

    [Fact]
    public void TemperatureZeroTakesTheFirstOfTheLikeliest() =>
        Assert.All(Draws(new() { Temperature = 0 }, 10), token => Assert.Equal(1, token));

    [Theory, InlineData(0.6), InlineData(1.0), InlineData(2.0)]
    public void AllTokensAreDrawnByTheirProbability(double temperature) =>
        FollowsDistribution(Draws(new() { Temperature = temperature, TopP = 1, Seed = 5 }), Softmax(temperature, 0, 1, 2, 3, 4));

    [Fact]
    public void TopKKeepsTheLikeliest() =>
        FollowsDistribution(Draws(new() { Temperature = 1, TopP = 1, TopK = 3, Seed = 5 }), Softmax(1, 1, 2, 4));

    [Fact]
    public void TopPKeepsTheSmallestSetThatReachesIt() =>
        // 0.40 + 0.40 + 0.15 reaches 0.9, without the third it does not.
        FollowsDistribution(Draws(new() { Temperature = 1, TopP = 0.9, Seed = 5 }), Softmax(1, 1, 2, 4));

    [Fact]
    public void TheSeedDecides()
    {
        Assert.Equal(Draws(new() { Temperature = 1, Seed = 1 }, 100), Draws(new() { Temperature = 1, Seed = 1 }, 100));
        Assert.NotEqual(Draws(new() { Temperature = 1, Seed = 1 }, 100), Draws(new() { Temperature = 1, Seed = 2 }, 100));
    }
}
