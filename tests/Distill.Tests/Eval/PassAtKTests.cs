using System.Numerics;
using Distill.Eval;
using Xunit;

namespace Distill.Tests.Eval;

public sealed class PassAtKTests
{
    [Fact]
    public void EqualsTheRatioOfBinomialCoefficients()
    {
        for (int n = 1; n <= 20; n++)
        {
            for (int c = 0; c <= n; c++)
            {
                for (int k = 1; k <= n; k++)
                {
                    double expected = 1 - ((double)Choose(n - c, k) / (double)Choose(n, k));
                    Assert.Equal(expected, PassAtK.Estimate(n, c, k), 1e-12);
                }
            }
        }
    }

    [Theory]
    [InlineData(0.1, 10, 4)]
    [InlineData(0.7, 6, 1)]
    [InlineData(0.02, 64, 16)]
    public void IsUnbiased(double p, int n, int k)
    {
        double mean = 0;
        for (int c = 0; c <= n; c++) mean += (double)Choose(n, c) * Math.Pow(p, c) * Math.Pow(1 - p, n - c) * PassAtK.Estimate(n, c, k);
        Assert.Equal(1 - Math.Pow(1 - p, k), mean, 1e-9);
    }

    [Fact]
    public void ManySamplesDoNotOverflow() => Assert.Equal(1 - Math.Pow(0.999, 100), PassAtK.Estimate(1_000_000, 1000, 100), 1e-4);

    [Fact]
    public void MoreThanTheSamplesThatThereAreIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PassAtK.Estimate(4, 2, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => PassAtK.Estimate(4, 5, 1));
    }

    private static BigInteger Choose(int n, int k)
    {
        if (k > n) return 0;
        BigInteger result = 1;
        for (int i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }
}
