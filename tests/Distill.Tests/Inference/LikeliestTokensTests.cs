using Distill.Chat;
using Distill.Inference;
using Xunit;

namespace Distill.Tests.Inference;

public sealed class LikeliestTokensTests
{
    [Theory, InlineData(1), InlineData(3), InlineData(40), InlineData(100)]
    public void TheyAreTheFirstOfTheSortedLogSoftmax(int count)
    {
        var random = new Random(count);
        float[] logits = [.. Enumerable.Range(0, 50).Select(_ => MathF.Round((float)random.NextDouble() * 8, 1))]; // some are equal
        double normalizer = Math.Log(logits.Sum(value => Math.Exp(value)));
        (int, double)[] expected = [.. Enumerable.Range(0, 40).OrderByDescending(token => logits[token]).ThenBy(token => token).Take(count).Select(token => (token, logits[token] - normalizer))];
        (int Token, double Value)[] actual = LikeliestTokens.Of(logits, tokens: 40, count);
        Assert.Equal(expected.Select(item => item.Item1), actual.Select(item => item.Token));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Item2, pair.Second.Value, 9));
    }

    [Fact]
    public void LogitsOfHundredsDoNotOverflow()
    {
        (int Token, double Value)[] actual = LikeliestTokens.Of([900, -900, 899], 3, 3);
        Assert.Equal([0, 2, 1], actual.Select(item => item.Token));
        Assert.Equal(-Math.Log(1 + Math.Exp(-1)), actual[0].Value, 9);
    }

    [Fact]
    public void FewerThanTheWidthAreFilledUp()
    {
        var collector = new LogProbabilityCollector("v", 3);
        collector.Add(5, [(9, -2.0), (5, -0.25)]);
        collector.Add(6, []);
        collector.Add(7, [(1, double.NegativeInfinity), (2, -1), (3, -2), (4, -3)]);
        TopLogProbabilities found = collector.Finish();
        Assert.True(found.IsWhole);
        Assert.Equal([5, 6, 7], found.Tokens.ToArray());
        Assert.Equal([5, 9, -1, -1, -1, -1, 2, 3, 4], found.TopTokens.ToArray());
        Assert.Equal((Half)(-0.25), found.Values.Span[0]);
        Assert.All(found.Values.ToArray(), value => Assert.True(Half.IsFinite(value)));
    }
}
