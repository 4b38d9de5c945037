using Distill.Runs;
using Distill.Serving;
using Xunit;

namespace Distill.Tests.Serving;

public sealed class TopologyTests
{
    [Theory]
    [InlineData("8xH200", 1, 8, "H200", "8xH200")]
    [InlineData("2x8xH100", 2, 8, "H100", "2x8xH100")]
    [InlineData("16xH100", 2, 8, "H100", "2x8xH100")]
    [InlineData(" 4x4xb200 ", 4, 4, "B200", "4x4xB200")]
    [InlineData("1xmi300x", 1, 1, "MI300X", "1xMI300X")]
    [InlineData("1x8xH20", 1, 8, "H20", "8xH20")]
    public void FormsAreUnderstood(string text, int nodes, int perNode, string gpu, string written)
    {
        Topology topology = Topology.Parse(text);

        Assert.Equal((nodes, perNode, gpu), (topology.Nodes, topology.GpusPerNode, topology.Gpu.Name));
        Assert.Equal(written, topology.ToString());
        Assert.Equal(topology, Topology.Parse(written));
    }

    [Theory]
    [InlineData("")]
    [InlineData("H200")]
    [InlineData("8H200")]
    [InlineData("8xH300")]
    [InlineData("0xH200")]
    [InlineData("0x8xH200")]
    [InlineData("2x0xH200")]
    [InlineData("12xH100")]
    [InlineData("9999x9999xH100")]
    [InlineData("-8xH200")]
    [InlineData("8xH200\n")]
    [InlineData("8xH200; rm -rf /")]
    public void AnythingElseIsRefusedWithTheKnownOnes(string text)
    {
        if (text.EndsWith('\n')) Assert.Equal("8xH200", Topology.Parse(text).ToString()); // surrounding space does no harm
        else Assert.False(string.IsNullOrEmpty(Assert.Throws<InputException>(() => Topology.Parse(text)).Hint));
    }

    [Fact]
    public void AnUnknownAcceleratorListsWhatIsKnown()
    {
        InputException refused = Assert.Throws<InputException>(() => Topology.Parse("8xQ7"));

        Assert.Contains("`Q7`", refused.Message, StringComparison.Ordinal);
        Assert.All(Topology.Known, known => Assert.Contains(known, refused.Hint!, StringComparison.Ordinal));
        Assert.All(Topology.Known, known => Assert.Equal(known, Topology.Parse(known).ToString()));
    }
}
