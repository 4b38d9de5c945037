using Distill.Inference.Endpoints;
using Distill.Runs;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

public sealed class ApiKeyTests
{
    [Fact]
    public void TheFileComesBeforeTheEnvironmentAndOurVariableBeforeTheGeneralOne()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["key"], "sk-file\n# comment\n");
        var variables = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-general", ["DISTILL_API_KEY"] = "sk-ours" };
        Assert.Equal("Bearer sk-file", Header(ApiKey.Find(folder["key"], variables.GetValueOrDefault)));
        Assert.Equal("Bearer sk-ours", Header(ApiKey.Find(null, variables.GetValueOrDefault)));
        variables.Remove("DISTILL_API_KEY");
        Assert.Equal("Bearer sk-general", Header(ApiKey.Find(null, variables.GetValueOrDefault)));
        Assert.Null(ApiKey.Find(null, _ => null));
    }

    [Fact]
    public void RefusesAMissingFileAndAKeyThatNoHeaderCanCarry()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no such file", Assert.Throws<InputException>(() => ApiKey.Find(folder["none"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["empty"], "\n");
        Assert.Contains("holds no API key", Assert.Throws<InputException>(() => ApiKey.Find(folder["empty"])).Message, StringComparison.Ordinal);
        var e = Assert.Throws<InputException>(() => ApiKey.Find(null, _ => "sk-one sk-two"));
        Assert.DoesNotContain("sk-", e.Message, StringComparison.Ordinal);
    }

    private static string Header(ApiKey? key)
    {
        using var request = new HttpRequestMessage();
        key!.Authorize(request);
        return request.Headers.GetValues("Authorization").Single();
    }
}
