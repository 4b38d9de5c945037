using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>A model in this process speaks like every other engine.</summary>
public sealed class EmbeddedEngineTests
{
    [Fact]
    public async Task ItsEventsMakeTheCompletionThatTheModelMakes()
    {
        await using ICompletionSource model = CompletionSources.Open(InstallFolder.Find("artifacts/tiny-r1")!);
        var request = new CompletionRequest("r", [new(MessageRole.User, "Compute 1+1.")], new SamplingOptions { MaxTokens = 60, Temperature = 0 });
        Completion expected = await model.StreamAsync(request, _ => { }, CancellationToken.None);

        var fleet = new EndpointFleet(Options("http://unused") with { Concurrency = 1 }, [new FleetEndpoint(new EndpointOptions { Url = "http://unused" }, Options("http://unused"), new EmbeddedEngine(model))]);
        CompletedRequest completed = Assert.Single(await Collect(fleet, [request]));

        Assert.Equal(expected.RawText, completed.Completion.RawText);
        Assert.Equal((expected.FinishReason, expected.PromptTokens, expected.CompletionTokens),
            (completed.Completion.FinishReason, completed.Completion.PromptTokens, completed.Completion.CompletionTokens));
        Assert.Equal(model.Identity, completed.Completion.Origin.Endpoint);
    }
}
