using System.Diagnostics;
using System.Net.Sockets;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Tests.Inference.Fleet;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>Every way in which a single request can fail, and what follows.</summary>
public sealed class EndpointFailureTests
{
    public static TheoryData<string, string> PassingFailures => new()
    {
        { "cut in the text", StreamHead + Delta("content", "half") },
        { "cut inside a line", StreamHead + Delta("content", "half") + "data: {\"choices\":[{\"del" },
        { "done without finish reason", StreamHead + Delta("content", "half") + Usage(7, 9) + Done },
        { "finish without usage, then cut", StreamHead + Delta("content", "a</think>b") + Finish("stop") },
        { "aborted", StreamHead + Delta("content", "half") + Finish("abort") + Usage(7, 9) + Done },
        { "error object in the stream", StreamHead + Delta("content", "half") + """data: {"error":{"message":"engine died","type":"InternalServerError","code":500}}""" + "\n\n" + Done },
        { "error line in the stream", StreamHead + Delta("content", "half") + """error: {"code":500,"message":"slot failed","type":"server_error"}""" + "\n\n" + Done },
        { "error in place of a stream", Reply(200, """{"error":"runner process has terminated"}""") },
        { "overload in the stream", StreamHead + """data: {"error":{"message":"The request queue is full.","code":503}}""" + "\n\n" + Done },
        { "empty reply", Reply(200, "") },
        { "empty stream", StreamHead },
        { "garbage in the stream", StreamHead + Delta("content", "half") + "data: {{{{\n\n" + Finish("stop") + Usage(7, 9) + Done },
        { "not UTF-8", StreamHead + "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud800\"}}]}\n\n" + Finish("stop") + Usage(7, 9) + Done },
        { "status 500", Reply(500, """{"error":{"message":"internal error"}}""") },
        { "status 502 from a proxy", Reply(502, "<html><h1>Bad Gateway</h1></html>", type: "text/html") },
        { "status 503 while loading", Reply(503, """{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}""") },
        { "status 429", Reply(429, """{"error":{"message":"slow down","code":"rate_limit_exceeded"}}""") },
        { "status 504 with a misleading word", Reply(504, """{"error":{"message":"the prompt is too long in the queue"}}""") },
        { "status 500 that took too long", Reply(500, """{"error":{"message":"generation took too long"}}""") },
        { "status 408", Reply(408, "") },
        { "no reply at all", "" },
        { "cut in the head", "HTTP/1.1 200 OK\r\nContent-" },
        { "usage without text", StreamHead + Finish("stop") + Usage(7, 9) + Done },
        { "text that does not fit its usage", StreamHead + Delta("content", "short") + Finish("stop") + Usage(7, 90) + Done },
    };

    [Theory]
    [MemberData(nameof(PassingFailures))]
    public async Task TriesAgainAfterAFailureThatMayPass(string what, string reply)
    {
        Assert.NotEmpty(what);
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number == 1 ? reply : GoodStream()));
        Completion completion = await CompleteOne(server);
        Assert.Equal("two and two", completion.Reasoning);
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal("r-2", server.Requests[1].Headers["X-Request-Id"]);
    }

    public static TheoryData<string, string> LastingFailures => new()
    {
        { "context_exceeded", Reply(400, """{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","code":400}""") },
        { "context_exceeded", StreamHead + """error: {"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"invalid_request_error"}""" + "\n\n" + Done },
        { "request_refused", Reply(500, """{"error":{"code":500,"message":"Only one completion choice is allowed","type":"server_error"}}""") },
        { "request_refused", Reply(422, """{"detail":[{"loc":["body","seed"],"msg":"too big"}]}""") },
        { "content_filter", StreamHead + Delta("content", "I") + Finish("content_filter") + Usage(7, 1) + Done },
        { "max_tokens_ignored", StreamHead + Delta("content", "a</think>b") + Finish("stop") + Usage(7, 1001) + Done },
        { "broken_text", StreamHead + Delta("content", "a\uFFFDb</think>4") + Finish("stop") + Usage(7, 9) + Done },
    };

    [Theory]
    [MemberData(nameof(LastingFailures))]
    public async Task HandsBackARequestThatTheServerWillNeverComplete(string code, string reply)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, reply));
        await using EndpointFleet endpoint = Endpoint(server);
        CompletedRequest completed = Assert.Single(await Collect(endpoint, Requests(1)));
        Assert.Equal(code, completed.Failure);
        Assert.Equal(FinishReason.Error, completed.Completion.FinishReason);
        Assert.Single(server.Requests);
    }

    // .NET lets this one through as it is, where a connection is reset between its being made and its first use.
    [Theory]
    [InlineData(SocketError.NotConnected)]
    [InlineData(SocketError.ConnectionReset)]
    public void AConnectionResetAsItIsMadeIsNoReply(SocketError error)
    {
        var failure = new SocketException((int)error);
        Assert.True(EngineHttp.IsBroken(failure));
        Assert.Equal((FaultKind.NoReply, "no_reply"), (FaultClassifier.OfException(failure, replied: false).Kind, FaultClassifier.OfException(failure, replied: false).Code));
    }

    [Fact]
    public async Task StopsAServerThatIgnoresTheTokenLimit()
    {
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            await Send(stream, StreamHead);
            for (int i = 0; ; i++) await Send(stream, Delta("content", string.Concat(Enumerable.Range(i * 200, 200)))); // no loop: that is another matter
        });
        await using EndpointFleet endpoint = Endpoint(server);
        Assert.Equal("max_tokens_ignored", Assert.Single(await Collect(endpoint, Requests(1))).Failure);
    }

    [Fact]
    public async Task AServerThatSendsNoUsageIsToldApart()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "a</think>4") + Finish("stop") + Done));
        await using EndpointFleet endpoint = Endpoint(server);
        Assert.Equal("no_usage", Assert.Single(await Collect(endpoint, Requests(1))).Failure);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(401, """{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}""", 3)]
    [InlineData(403, """{"error":{"message":"no access"}}""", 3)]
    [InlineData(402, """{"error":{"message":"Insufficient Balance"}}""", 3)]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""", 3)]
    [InlineData(404, """{"object":"error","message":"The model `m` does not exist.","type":"NotFoundError","code":404}""", 1)]
    [InlineData(307, "", 1)]
    public async Task StopsAtOnceWhereNoRequestCanPass(int status, string body, int exitCode)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, Reply(status, body)));
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 2);
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(50)));
        Assert.Equal(exitCode, e.ExitCode);
        Assert.NotNull(e.Hint);
        Assert.InRange(server.Requests.Count, 1, 2);
    }

    [Fact]
    public async Task WaitsAsLongAsTheServerAsks()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number == 1 ? Reply(429, "{}", "Retry-After: 1\r\n") : GoodStream()));
        var watch = Stopwatch.StartNew();
        await CompleteOne(server);
        Assert.True(watch.Elapsed.TotalSeconds >= 0.95);
    }

    [Fact]
    public async Task AnAskedPauseIsCapped()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number == 1 ? Reply(503, "{}", "Retry-After: 3600\r\n") : GoodStream()));
        await using var endpoint = new EndpointFleet(Options(server.Url) with { MaxRetryDelay = TimeSpan.FromMilliseconds(50) });
        Assert.Null(Assert.Single(await Collect(endpoint, Requests(1))).Failure);
    }

    [Theory]
    [InlineData(": keep-alive\n\n")] // comments are no progress
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n")]
    public async Task AStreamWithoutTextIsCutAndAskedAgain(string noise)
    {
        int sent = 0;
        var cut = new TaskCompletionSource();
        await using var server = new ScriptedServer(async (request, stream) =>
        {
            if (request.Number > 1)
            {
                await Send(stream, GoodStream());
                return;
            }
            await Send(stream, StreamHead + Delta("content", "half "));
            try
            {
                while (true)
                {
                    await Send(stream, noise);
                    Interlocked.Increment(ref sent);
                    await Task.Delay(1);
                }
            }
            finally
            {
                cut.SetResult();
            }
        });
        var time = new ManualTime();
        await using var endpoint = new EndpointFleet(Options(server.Url) with { Time = time });
        Task<List<CompletedRequest>> work = Collect(endpoint, Requests(1));
        while (endpoint.Endpoints[0].Figures.SlowestFirstTextSeconds == 0) await Task.Delay(10); // it has had the text
        while (!cut.Task.IsCompleted)
        {
            int before = Volatile.Read(ref sent);
            time.Advance(Options().IdleTimeout / 5);
            while (Volatile.Read(ref sent) < before + 3 && !cut.Task.IsCompleted) await Task.Delay(10); // until it is cut it hears noise
        }
        while (server.Requests.Count < 2)
        {
            time.Advance(TimeSpan.FromMilliseconds(100)); // the pause before the second one: more would soon cut that one too
            await Task.Delay(10);
        }
        Assert.Equal("two and two", Assert.Single(await work).Completion.Reasoning);
        Assert.Equal(2, server.Requests.Count);
        Assert.True(time.Elapsed >= Options().IdleTimeout);
    }

    [Fact]
    public void AQueueThatNeverMovesIsLeft() => Simulation.Run(async world =>
    {
        SimulatedEngine engine = null!;
        engine = new SimulatedEngine(world.Time, _ => engine.Calls.Count == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(10));
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, engine);
        Assert.Null(Assert.Single(await Collect(fleet, Requests(1))).Failure);
        Assert.Equal(2, engine.Calls.Count);
        Assert.InRange(world.Time.Elapsed, Simulation.Options.QueueTimeout, Simulation.Options.QueueTimeout + TimeSpan.FromMinutes(1));
    });

    [Fact]
    public void SlowTextIsNoFailure() => Simulation.Run(async world =>
    {
        TimeSpan length = 4 * Simulation.Options.IdleTimeout; // in five pieces
        var engine = new SimulatedEngine(world.Time, length);
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, engine);
        CompletedRequest completed = Assert.Single(await Collect(fleet, Requests(1)));
        Assert.Equal("\\boxed{4}", completed.Completion.Answer);
        Assert.Equal(length.TotalSeconds, completed.Seconds);
        Assert.Single(engine.Calls);
    });

    [Fact]
    public void ARefusalOfTheKeyEndsTheRunWithoutAPause() => Simulation.Run(async world =>
    {
        var engine = new SimulatedEngine(world.Time, _ => throw new EndpointFault(FaultKind.Fatal, "key_refused", "Invalid API Key") { ExitCode = 3 });
        await using EndpointFleet fleet = world.Fleet(Simulation.Options, engine);
        Assert.Equal(3, (await Assert.ThrowsAsync<InputException>(() => Collect(fleet, Requests(50)))).ExitCode);
        Assert.Equal(TimeSpan.Zero, world.Time.Elapsed);
    });
}
