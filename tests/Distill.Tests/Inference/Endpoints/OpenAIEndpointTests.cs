using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Runs;
using Xunit;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

public sealed class OpenAIEndpointTests
{
    [Fact]
    public async Task ReadsAGoodStream()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        Completion completion = await CompleteOne(server);

        Assert.Equal("two and two", completion.Reasoning);
        Assert.Equal("\\boxed{4}", completion.Answer);
        Assert.False(completion.ReasoningUnclosed);
        Assert.Equal(FinishReason.Stop, completion.FinishReason);
        Assert.Equal((7, 9), (completion.PromptTokens, completion.CompletionTokens));
    }

    [Fact]
    public async Task SendsWhatWasAskedFor()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        var request = new CompletionRequest("r1", [new(MessageRole.System, "be brief"), new(MessageRole.User, "2+2 \"ü\"?")],
            new SamplingOptions { Temperature = 0.5, TopP = 0.9, TopK = 20, MaxTokens = 77, Seed = 5_000_000_000 });
        await CompleteOne(server, request);

        ReceivedRequest sent = Assert.Single(server.Requests);
        Assert.Equal("/v1/chat/completions", sent.Path);
        Assert.Equal("r1-1", sent.Headers["X-Request-Id"]);
        Assert.False(sent.Headers.ContainsKey("Authorization"));
        Assert.Equal("""
            {"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"2+2 \"ü\"?"}],"max_tokens":77,"temperature":0.5,"top_p":0.9,"top_k":20,"seed":705032704,"stream":true,"stream_options":{"include_usage":true}}
            """, Encoding.UTF8.GetString(sent.Body));
    }

    [Theory]
    [InlineData("reasoning_content")]
    [InlineData("reasoning")]
    public async Task ReadsReasoningUnderEitherName(string field)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("role", "assistant")
            + Delta(field, "two ") + Delta(field, "and two") + Delta("content", "\n\n4") + Finish("stop") + Usage(7, 9) + Done));
        Completion completion = await CompleteOne(server);

        Assert.Equal("two and two", completion.Reasoning);
        Assert.Equal("4", completion.Answer);
        Assert.Equal("<think>\ntwo and two\n</think>\n\n4", completion.RawText);
    }

    [Fact]
    public async Task ReadsReasoningSentUnderBothNamesOnce()
    {
        const string both = """data: {"model":"m","choices":[{"delta":{"reasoning":"once","reasoning_content":"once"}}]}""" + "\n\n";
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + both + Delta("content", "4") + Finish("stop") + Usage(7, 9) + Done));
        Assert.Equal("once", (await CompleteOne(server)).Reasoning);
    }

    [Fact]
    public async Task AThoughtThatTheLimitCutOffIsReasoningAndNeverAnAnswer()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "maybe \\boxed{3}, but") + Finish("length") + Usage(7, 9) + Done));
        Completion completion = await CompleteOne(server);

        Assert.Equal(FinishReason.Length, completion.FinishReason);
        Assert.True(completion.ReasoningUnclosed);
        Assert.Equal("maybe \\boxed{3}, but", completion.Reasoning);
        Assert.Equal("", completion.Answer);
    }

    [Fact]
    public async Task AcceptsTheEndOfTheStreamInPlaceOfDone()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "a</think>4") + Finish("stop") + Usage(7, 9)));
        Assert.Equal("4", (await CompleteOne(server)).Answer);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task ReadsAReplyThatIsOneMessageAlthoughAStreamWasAsked()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, Reply(200, "\n\n" + """
            {"choices":[{"finish_reason":"stop","message":{"role":"assistant","reasoning_content":"two","content":"4"}}],"model":"m","usage":{"prompt_tokens":7,"completion_tokens":3}}
            """)));
        Completion completion = await CompleteOne(server);
        Assert.Equal(("two", "4"), (completion.Reasoning, completion.Answer));
    }

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
        await using OpenAIEndpoint endpoint = Endpoint(server);
        CompletedRequest completed = Assert.Single(await Collect(endpoint, Requests(1)));
        Assert.Equal(code, completed.Failure);
        Assert.Equal(FinishReason.Error, completed.Completion.FinishReason);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task StopsAServerThatIgnoresTheTokenLimit()
    {
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            await Send(stream, StreamHead);
            while (true) await Send(stream, Delta("content", new string('x', 1000)));
        });
        await using OpenAIEndpoint endpoint = Endpoint(server);
        Assert.Equal("max_tokens_ignored", Assert.Single(await Collect(endpoint, Requests(1))).Failure);
    }

    [Fact]
    public async Task AServerThatSendsNoUsageIsToldApart()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "a</think>4") + Finish("stop") + Done));
        await using OpenAIEndpoint endpoint = Endpoint(server);
        Assert.Equal("no_usage", Assert.Single(await Collect(endpoint, Requests(1))).Failure);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task StopsWhenEveryRequestIsRefusedAndHandsNothingOver()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, Reply(400, """{"error":{"message":"temperature must be 1"}}""")));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 3);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(100), completed));
        Assert.Contains("temperature must be 1", e.Message, StringComparison.Ordinal);
        Assert.Empty(completed);
        Assert.InRange(server.Requests.Count, 8, 11);
    }

    [Fact]
    public async Task RefusalsOfSingleRequestsDoNotStopTheRun()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Headers["X-Request-Id"] is "r3-1" or "r0-1" ? Reply(400, """{"error":{"message":"prompt is too long"}}""") : GoodStream()));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 2);
        List<CompletedRequest> completed = await Collect(endpoint, Requests(6));
        Assert.Equal(["r0", "r1", "r2", "r3", "r4", "r5"], completed.Select(one => one.Request.Id).Order());
        Assert.Equal(["r0", "r3"], completed.Where(one => one.Failure is not null).Select(one => one.Request.Id).Order());
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
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 2);
        var watch = Stopwatch.StartNew();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(50)));
        Assert.Equal(exitCode, e.ExitCode);
        Assert.NotNull(e.Hint);
        Assert.InRange(server.Requests.Count, 1, 2);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task NeverShowsTheKey()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            Reply(401, $$$"""{"error":{"message":"Incorrect API key provided: {{{request.Headers["Authorization"]["Bearer ".Length..]}}}"}}""")));
        ApiKey key = ApiKey.Find(null, name => name == "OPENAI_API_KEY" ? " sk-very-secret\n" : null)!;
        await using OpenAIEndpoint endpoint = Endpoint(server, key: key);
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(1)));
        Assert.Equal("Bearer sk-very-secret", server.Requests[0].Headers["Authorization"]);
        Assert.Contains("(key)", e.Message, StringComparison.Ordinal);
        foreach (string text in new[] { e.Message, e.Hint!, endpoint.Identity, key.ToString() })
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NamesTheModelsOfAServerThatDoesNotKnowTheOneAskedFor()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream())) { ModelsReply = Reply(200, """{"data":[{"id":"deepseek-r1"},{"id":"other"}]}""") };
        await using OpenAIEndpoint endpoint = Endpoint(server);
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(1)));
        Assert.Contains("`m`", e.Message, StringComparison.Ordinal);
        Assert.Contains("deepseek-r1, other", e.Hint, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task StopsWhenTheModelChangesDuringTheRun()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number < 3 ? GoodStream() : GoodStream().Replace("\"model\":\"m\"", "\"model\":\"m-2\"", StringComparison.Ordinal)));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 1);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(9), completed));
        Assert.Contains("m-2", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, completed.Count);
    }

    [Fact]
    public async Task SaysThatNobodyListens()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var endpoint = new OpenAIEndpoint(Options($"http://127.0.0.1:{port}"));
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(3)));
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, e.ExitCode);
    }

    [Fact]
    public async Task AServerThatDiesIsGivenUpAndWhatCameBeforeIsHandedOver()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream, request.Number <= 4 ? GoodStream() : StreamHead));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 2, retries: 1);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(50), completed));
        Assert.Equal(4, completed.Count);
        Assert.Contains("left without a completion", e.Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 8, 10); // 4 good ones, then two requests of two attempts each, and one more under way
    }

    [Fact]
    public async Task ARequestThatKeepsFailingIsLeftOutAndToldAtTheEnd()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Headers["X-Request-Id"].StartsWith("r2-", StringComparison.Ordinal) ? StreamHead : GoodStream()));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 1, retries: 2);
        var completed = new List<CompletedRequest>();
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(6), completed));
        Assert.Equal(["r0", "r1", "r3", "r4", "r5"], completed.Select(one => one.Request.Id));
        Assert.Contains("1 requests", e.Message, StringComparison.Ordinal);
        Assert.Equal(5 + 3, server.Requests.Count);
    }

    [Fact]
    public async Task WaitsAsLongAsTheServerAsks()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number == 1 ? Reply(429, "{}", "Retry-After: 1\r\n") : GoodStream()));
        var watch = Stopwatch.StartNew();
        await CompleteOne(server);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.95, 10);
    }

    [Fact]
    public async Task AnAskedPauseIsCapped()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            request.Number == 1 ? Reply(503, "{}", "Retry-After: 3600\r\n") : GoodStream()));
        await using var endpoint = new OpenAIEndpoint(Options(server.Url) with { MaxRetryDelay = TimeSpan.FromMilliseconds(50) });
        Assert.Null(Assert.Single(await Collect(endpoint, Requests(1))).Failure);
    }

    [Theory]
    [InlineData(": keep-alive\n\n")] // comments are no progress
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n")]
    public async Task AStreamWithoutTextIsCutAndAskedAgain(string noise)
    {
        await using var server = new ScriptedServer(async (request, stream) =>
        {
            if (request.Number > 1)
            {
                await Send(stream, GoodStream());
                return;
            }
            await Send(stream, StreamHead + Delta("content", "half "));
            while (true)
            {
                await Send(stream, noise);
                await Task.Delay(20);
            }
        });
        await using var endpoint = new OpenAIEndpoint(Options(server.Url) with { IdleTimeout = TimeSpan.FromMilliseconds(300) });
        var watch = Stopwatch.StartNew();
        Assert.Equal("two and two", Assert.Single(await Collect(endpoint, Requests(1))).Completion.Reasoning);
        Assert.Equal(2, server.Requests.Count);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.25, 10);
    }

    [Fact]
    public async Task AQueueThatNeverMovesIsLeft()
    {
        await using var server = new ScriptedServer((request, stream) => request.Number == 1 ? Task.Delay(Timeout.Infinite) : Send(stream, GoodStream()));
        await using var endpoint = new OpenAIEndpoint(Options(server.Url) with { QueueTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.Null(Assert.Single(await Collect(endpoint, Requests(1))).Failure);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task SlowTextIsNoFailure()
    {
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            await Send(stream, StreamHead);
            for (int i = 0; i < 12; i++)
            {
                await Send(stream, Delta("content", "x"));
                await Task.Delay(100);
            }
            await Send(stream, "" + Delta("content", "</think>4") + Finish("stop") + Usage(7, 14) + Done);
        });
        await using var endpoint = new OpenAIEndpoint(Options(server.Url) with { IdleTimeout = TimeSpan.FromMilliseconds(700) });
        CompletedRequest completed = Assert.Single(await Collect(endpoint, Requests(1)));
        Assert.Equal("4", completed.Completion.Answer);
        Assert.InRange(completed.Seconds, 1.1, 20);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task TheTextIsTheSameHoweverTheBytesAreCut()
    {
        string crlf = "\uFEFFevent: x\r\n" + GoodStream("zwölf mal 三", "🎉 4")[StreamHead.Length..].Replace("\n", "\r\n", StringComparison.Ordinal);
        byte[] bytes = Encoding.UTF8.GetBytes(crlf);
        await using var server = new ScriptedServer(async (request, stream) =>
        {
            await Send(stream, StreamHead);
            int step = request.Number; // 1, 2, 3 … bytes at a time
            for (int at = 0; at < bytes.Length; at += step)
            {
                await stream.WriteAsync(bytes.AsMemory(at, Math.Min(step, bytes.Length - at)));
                await stream.FlushAsync();
                if (step < 8) await Task.Yield();
            }
        });
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 1);
        foreach (CompletedRequest completed in await Collect(endpoint, Requests(12)))
            Assert.Equal(("zwölf mal 三", "🎉 4"), (completed.Completion.Reasoning, completed.Completion.Answer));
    }

    [Fact]
    public async Task JoinsDataLinesOfOneEventAndReadsLongOnes()
    {
        string text = new('y', 1 << 20);
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead
            + "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"two lines</think>\"}}]}\n\n"
            + Delta("content", text) + Finish("stop") + Usage(7, 200_000) + Done));
        Completion completion = await CompleteOne(server, new CompletionRequest("r", [new(MessageRole.User, "?")], new SamplingOptions { MaxTokens = 300_000 }));
        Assert.Equal("two lines", completion.Reasoning);
        Assert.Equal(text, completion.Answer);
    }

    [Fact]
    public async Task KeepsToItsConcurrencyAndDrawsRequestsOnlyAsNeeded()
    {
        int drawn = 0, now = 0, most = 0;
        await using var server = new ScriptedServer(async (_, stream) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Delay(30);
            Interlocked.Decrement(ref now);
            await Send(stream, GoodStream());
        });
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 4);
        int seen = 0;
        await foreach (CompletedRequest _ in endpoint.CompleteAsync(Requests(40).Select(request =>
        {
            drawn++;
            return request;
        }), CancellationToken.None))
        {
            seen++;
            Assert.True(drawn - seen <= 4 + 4 + 1, $"{drawn} drawn, {seen} seen");
        }
        Assert.Equal(40, seen);
        Assert.InRange(most, 2, 4);
    }

    [Fact]
    public async Task CancellationHandsOverWhatHadCome()
    {
        await using var server = new ScriptedServer((request, stream) => request.Number <= 3 ? Send(stream, GoodStream()) : Task.Delay(Timeout.Infinite));
        await using OpenAIEndpoint endpoint = Endpoint(server, concurrency: 3);
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

    [Fact]
    public async Task ClosesEachConnectionOfLlamaServer()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream())) { ModelsReply = Reply(200, """{"data":[{"id":"m"}]}""", "Server: llama.cpp\r\n") };
        await CompleteOne(server);
        Assert.Equal("close", server.Requests[0].Headers["Connection"]);
    }

    [Fact]
    public async Task StreamsTextAsItComes()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("reasoning_content", "two")
            + Delta("reasoning_content", " and two") + Delta("content", "4") + Delta("content", "!") + Finish("stop") + Usage(7, 9) + Done));
        await using OpenAIEndpoint endpoint = Endpoint(server);
        var pieces = new List<string>();
        Completion completion = await endpoint.StreamAsync(Requests(1).Single(), pieces.Add, CancellationToken.None);
        Assert.Equal(["<think>\n", "two", " and two", "\n</think>\n\n", "4", "!"], pieces);
        Assert.Equal(string.Concat(pieces), completion.RawText);
    }

    [Fact]
    public async Task AStreamThatFailsAfterTextWasHandedOverIsNotRepeated()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "half")));
        await using OpenAIEndpoint endpoint = Endpoint(server);
        var pieces = new List<string>();
        await Assert.ThrowsAsync<InputException>(() => endpoint.StreamAsync(Requests(1).Single(), pieces.Add, CancellationToken.None));
        Assert.Equal(["half"], pieces);
        Assert.Single(server.Requests);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = most; value > seen; seen = most) Interlocked.CompareExchange(ref most, value, seen);
    }

    private static EndpointOptions Options(string url) => new()
    {
        Url = url,
        Model = "m",
        Concurrency = 2,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        IdleTimeout = TimeSpan.FromSeconds(20),
        QueueTimeout = TimeSpan.FromSeconds(20),
    };

    private static OpenAIEndpoint Endpoint(ScriptedServer server, int concurrency = 2, int retries = 6, ApiKey? key = null) =>
        new(Options(server.Url) with { Concurrency = concurrency, MaxRetries = retries, Key = key });

    private static IEnumerable<CompletionRequest> Requests(int count) =>
        Enumerable.Range(0, count).Select(i => new CompletionRequest($"r{i}", [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = 1000, Seed = i }));

    private static async Task<Completion> CompleteOne(ScriptedServer server, CompletionRequest? request = null)
    {
        await using OpenAIEndpoint endpoint = Endpoint(server);
        request ??= new CompletionRequest("r", [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = 1000 });
        CompletedRequest completed = Assert.Single(await Collect(endpoint, [request]));
        Assert.Null(completed.Failure);
        Assert.Same(request, completed.Request);
        return completed.Completion;
    }

    private static async Task<List<CompletedRequest>> Collect(OpenAIEndpoint endpoint, IEnumerable<CompletionRequest> requests, List<CompletedRequest>? into = null)
    {
        into ??= [];
        await foreach (CompletedRequest completed in endpoint.CompleteAsync(requests, CancellationToken.None)) into.Add(completed);
        return into;
    }
}
