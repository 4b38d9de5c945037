using Distill.Eval;
using Xunit;

namespace Distill.Tests.Eval;

public sealed class LogitComparisonTests
{
    [Fact]
    public void FiguresFollowFromTheirDefinitions()
    {
        var comparison = new LogitComparison();
        float[] p = [MathF.Log(0.5f), MathF.Log(0.25f), MathF.Log(0.25f)], q = [MathF.Log(0.25f), MathF.Log(0.5f), MathF.Log(0.25f)];
        comparison.Add(p, p, 0);
        comparison.Add(p, q, 0);
        CorpusScore score = comparison.Score("text");
        double divergence = (0.5 * Math.Log(2)) - (0.25 * Math.Log(2));
        Assert.Equal(2, score.Positions);
        Assert.Equal(divergence / 2, score.Divergence, 6);
        Assert.Equal(divergence, score.DivergenceMax, 6);
        Assert.Equal(0.999 * divergence, score.Divergence999, 6);
        Assert.Equal(divergence / 2, score.DivergenceStandardError, 6);
        Assert.Equal(0.5, score.SameTop);
        Assert.Equal(2, score.ReferencePerplexity, 5);
        Assert.Equal(Math.Sqrt(2 * 4), score.Perplexity, 5);
    }

    [Fact]
    public void AConstantAddedToAllLogitsChangesNothing()
    {
        var comparison = new LogitComparison();
        comparison.Add([1, 2, 3], [1001, 1002, 1003], 2);
        CorpusScore score = comparison.Score("text");
        Assert.Equal(0, score.Divergence, 9);
        Assert.Equal(score.ReferencePerplexity, score.Perplexity, 9);
    }
}
