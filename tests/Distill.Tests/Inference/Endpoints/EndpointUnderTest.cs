using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>Endpoints with short pauses, and requests for them.</summary>
internal static class EndpointUnderTest
{
    /// <summary>Longer than any machine stands still.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static FleetOptions Options(params string[] urls) => new()
    {
        Endpoints = [.. urls.Select(url => new EndpointOptions { Url = url })],
        Model = "m",
        Concurrency = 2,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        IdleTimeout = Patience,
        QueueTimeout = Patience,
        BreakDuration = TimeSpan.FromMilliseconds(20),
        OutagePatience = Patience,
    };

    public static EndpointFleet Endpoint(ScriptedServer server, int concurrency = 2, int retries = 6, ApiKey? key = null) =>
        new(Options(server.Url) with { Concurrency = concurrency, MaxRetries = retries, Key = key });

    public static IEnumerable<CompletionRequest> Requests(int count) =>
        Enumerable.Range(0, count).Select(i => new CompletionRequest($"r{i}", [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = 1000, Seed = i }));

    public static async Task<Completion> CompleteOne(ScriptedServer server, CompletionRequest? request = null)
    {
        await using EndpointFleet endpoint = Endpoint(server);
        request ??= new CompletionRequest("r", [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = 1000 });
        CompletedRequest completed = Assert.Single(await Collect(endpoint, [request]));
        Assert.Null(completed.Failure);
        Assert.Same(request, completed.Request);
        return completed.Completion;
    }

    public static async Task<List<CompletedRequest>> Collect(EndpointFleet endpoint, IEnumerable<CompletionRequest> requests, List<CompletedRequest>? into = null)
    {
        into ??= [];
        await foreach (CompletedRequest completed in endpoint.CompleteAsync(requests, CancellationToken.None)) into.Add(completed);
        return into;
    }
}
