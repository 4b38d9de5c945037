using Distill.Inference.Endpoints;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

public sealed class EndpointAddressTests
{
    [Theory]
    [InlineData("http://host:8000", "http://host:8000/v1")]
    [InlineData("http://host:8000/", "http://host:8000/v1")]
    [InlineData(" https://api.deepseek.com/v1/ ", "https://api.deepseek.com/v1")]
    [InlineData("http://host/v1/chat/completions", "http://host/v1")]
    [InlineData("http://host/openai/v1", "http://host/openai/v1")]
    public void ReadsWhatPeopleType(string typed, string expected) => Assert.Equal(expected, EndpointAddress.Parse(typed).ToString());

    [Theory]
    [InlineData("host:8000")]
    [InlineData("ftp://host")]
    [InlineData("")]
    [InlineData("http://host/v1?key=sk-secret")]
    [InlineData("http://me:sk-secret@host/v1")]
    public void RefusesTheRestWithoutRepeatingSecrets(string typed)
    {
        var e = Assert.Throws<InputException>(() => EndpointAddress.Parse(typed));
        Assert.DoesNotContain("sk-secret", e.Message, StringComparison.Ordinal);
    }
}
