using Xunit;

namespace Distill.Tests.Chat;

public sealed class TemplateFuzzTests
{
    [Fact]
    public void StrangeTemplatesRenderOrAreRefused()
    {
        FuzzTally tally = TemplateFuzz.Run(seed: 1, count: 15_000);
        Assert.True(tally.Accepted > 2_000 && tally.Refused > 5_000, tally.ToString());
        Assert.True(tally.MostAllocated < 100_000_000, tally.ToString());
        Assert.True(tally.Slowest < TimeSpan.FromMinutes(1), tally.ToString()); // six times in a row; the benchmark measures
    }
}
