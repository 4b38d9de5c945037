using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Tests.Inference.Fleet;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>Many requests at once: order, limits, and when the endpoint as a whole has failed.</summary>
public sealed class EndpointRunTests
{
    [Fact]
    public async Task StopsWhenEveryRequestIsRefusedAndHandsNothingOver()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, Reply(400, """{"error":{"message":"temperature must be 1"}}""")));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 3);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(100), completed));
        Assert.Contains("temperature must be 1", e.Message, StringComparison.Ordinal);
        Assert.Empty(completed);
        Assert.InRange(server.Requests.Count, 8, 8 + (2 * 2 * 3)); // of a hundred; who is at work when the eighth is told may ask once more
    }

    [Fact]
    public async Task RefusalsOfSingleRequestsDoNotStopTheRun()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Headers["X-Request-Id"] is "r3-1" or "r0-1" ? Reply(400, """{"error":{"message":"prompt is too long"}}""") : GoodStream()));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 2);
        List<CompletedRequest> completed = await Collect(endpoint, Requests(6));
        Assert.Equal(["r0", "r1", "r2", "r3", "r4", "r5"], completed.Select(one => one.Request.Id).Order());
        Assert.Equal(["r0", "r3"], completed.Where(one => one.Failure is not null).Select(one => one.Request.Id).Order());
    }

    [Fact]
    public async Task StopsWhenTheModelChangesDuringTheRun()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number < 3 ? GoodStream() : GoodStream().Replace("\"model\":\"m\"", "\"model\":\"m-2\"", StringComparison.Ordinal)));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 1);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(9), completed));
        Assert.Contains("m-2", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, completed.Count);
    }

    [Fact]
    public void AServerThatDiesIsGivenUpAndWhatCameBeforeIsHandedOver() => Simulation.Run(async world =>
    {
        SimulatedEngine engine = null!;
        engine = new SimulatedEngine(world.Time, _ => engine.Calls.Count <= 4 ? TimeSpan.FromSeconds(10) : throw new EndpointFault(FaultKind.Transient, "stream_cut", "the stream was cut before its end"));
        await using EndpointFleet endpoint = world.Fleet(Simulation.Options with { Concurrency = 2, MaxRetries = 1 }, engine);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(50), completed));
        Assert.Equal(4, completed.Count);
        Assert.Contains("left without a completion", e.Message, StringComparison.Ordinal);
        Assert.InRange(engine.Calls.Count, 6, 10); // 4 good ones, then failures until the breaker opens
    });

    [Fact]
    public async Task ARequestThatKeepsFailingIsLeftOutAndToldAtTheEnd()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Headers["X-Request-Id"].StartsWith("r2-", StringComparison.Ordinal) ? StreamHead : GoodStream()));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 1, retries: 2);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(6), completed));
        Assert.Equal(["r0", "r1", "r3", "r4", "r5"], completed.Select(one => one.Request.Id));
        Assert.Contains("(1 request is left", e.Message, StringComparison.Ordinal);
        Assert.Equal(5 + 3, server.Requests.Count(request => !request.IsCanary));
    }

    [Fact]
    public async Task KeepsToItsConcurrencyAndDrawsRequestsOnlyAsNeeded()
    {
        int drawn = 0, now = 0, most = 0;
        var four = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            int others = Interlocked.Increment(ref now);
            InterlockedMax(ref most, others);
            if (others == 4) four.TrySetResult();
            await four.Task; // the first ones wait for each other
            await Task.Delay(3);
            Interlocked.Decrement(ref now);
            await Send(stream, GoodStream());
        });
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 4);
        int seen = 0;
        await foreach (CompletedRequest _ in endpoint.CompleteAsync(Requests(400).Select(request =>
        {
            drawn++;
            return request;
        }), CancellationToken.None))
        {
            seen++;
            Assert.True(drawn - seen <= (2 * 4) + 2, $"{drawn} drawn, {seen} seen");
        }
        Assert.Equal(400, seen);
        Assert.Equal(4, most);
    }

    [Fact]
    public async Task CancellationHandsOverWhatHadCome()
    {
        await using var server = new ScriptedServer((request, stream) => request.Number <= 3 ? Send(stream, GoodStream()) : Task.Delay(Timeout.Infinite));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 3);
        using var cancel = new CancellationTokenSource();
        var completed = new List<CompletedRequest>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (CompletedRequest one in endpoint.CompleteAsync(Requests(20), cancel.Token))
            {
                completed.Add(one);
                if (completed.Count == 1)
                {
                    while (server.Requests.Count < 6) await Task.Delay(5);
                    await cancel.CancelAsync();
                }
            }
        });
        Assert.Equal(3, completed.Count);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = most; value > seen; seen = most) Interlocked.CompareExchange(ref most, value, seen);
    }
}
