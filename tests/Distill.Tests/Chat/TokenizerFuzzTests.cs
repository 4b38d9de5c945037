using Xunit;

namespace Distill.Tests.Chat;

public sealed class TokenizerFuzzTests
{
    [Fact]
    public void DamagedFilesAreReadOrRefused()
    {
        FuzzTally tally = TokenizerFuzz.Run(seed: 1, count: 10_000);
        Assert.True(tally.Accepted > 200 && tally.Refused > 5_000, tally.ToString());
        Assert.True(tally.MostAllocated < 40_000_000, tally.ToString());
        Assert.True(tally.Slowest < TimeSpan.FromMinutes(1), tally.ToString()); // six times in a row; the benchmark measures
    }
}
