using Xunit;

namespace Distill.Tests.Weights;

public sealed class ReaderFuzzTests
{
    [Theory]
    [InlineData("safetensors", 120_000)]
    [InlineData("index", 40_000)]
    [InlineData("config", 60_000)]
    [InlineData("gguf", 100_000)]
    public void DamagedFilesAreReadOrRefusedQuicklyAndInLittleMemory(string reader, int count)
    {
        int refused = new ReaderFuzz(seed: 20).Run(reader, count);
        Assert.InRange(refused, count / 3, count - 1); // most damage matters, some does not
    }
}
