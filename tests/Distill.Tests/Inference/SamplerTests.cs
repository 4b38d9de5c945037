using Distill.Chat;
using Distill.Inference;
using Distill.Runs;
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

    [Theory, InlineData(0.6, 0.95, 0), InlineData(1, 0.95, 0), InlineData(1.5, 0.999, 0), InlineData(1, 0.999999999999, 0), InlineData(1, 0.9, 50), InlineData(2, 1, 20), InlineData(0.05, 0.5, 0)]
    public void OfALargeVocabularyTheSameTokensAreKeptAsBySortingAllOfIt(double temperature, double topP, int topK)
    {
        var random = new Random(7);
        float[] logits = [.. Enumerable.Range(0, 20_000).Select(_ => MathF.Round(3 * ((float)random.NextDouble() + (float)random.NextDouble() + (float)random.NextDouble()), 3))]; // with ties
        var sampler = new Sampler(new() { Temperature = temperature, TopP = topP, TopK = topK, Seed = 9 });
        var points = new RandomStream(9);
        for (int draw = 0; draw < 20; draw++) Assert.Equal(ByDefinition(logits, temperature, topP, topK, points.NextDouble()), sampler.Draw(logits));
    }

    // Temperature, top-k, top-p, draw: over all tokens in order of their probability.
    private static int ByDefinition(float[] logits, double temperature, double topP, int topK, double point)
    {
        float largest = logits.Max();
        float[] weights = [.. logits.Select(logit => (logit - largest) * (float)(1 / temperature))];
        System.Numerics.Tensors.TensorPrimitives.Exp<float>(weights, weights);
        IEnumerable<int> order = Enumerable.Range(0, logits.Length).OrderByDescending(token => weights[token]).ThenBy(token => token);
        int[] limited = [.. topK > 0 ? order.Take(topK) : order];
        double sum = limited.Sum(token => (double)weights[token]), mass = 0;
        var kept = new List<int>();
        foreach (int token in limited)
        {
            kept.Add(token);
            mass += weights[token];
            if (mass >= topP * sum) break;
        }
        double target = point * mass;
        foreach (int token in kept)
        {
            target -= weights[token];
            if (target < 0) return token;
        }
        return kept[0];
    }
}
