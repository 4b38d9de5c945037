using System.Net;
using System.Net.Sockets;
using System.Text;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>What is sent, what is read, what is said before the first request.</summary>
public sealed class OpenAIEngineTests
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

    [Fact]
    public async Task NeverShowsTheKey()
    {
        await using var server = new ScriptedServer((request, stream) => Send(stream,
            Reply(401, $$$"""{"error":{"message":"Incorrect API key provided: {{{request.Headers["Authorization"]["Bearer ".Length..]}}}"}}""")));
        ApiKey key = ApiKey.Find(null, name => name == "OPENAI_API_KEY" ? " sk-very-secret\n" : null)!;
        await using EndpointFleet endpoint = Endpoint(server, key: key);
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
        await using EndpointFleet endpoint = Endpoint(server);
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(1)));
        Assert.Contains("`m`", e.Message, StringComparison.Ordinal);
        Assert.Contains("deepseek-r1, other", e.Hint, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task SaysThatNobodyListens()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var endpoint = new EndpointFleet(Options($"http://127.0.0.1:{port}"));
        var e = await Assert.ThrowsAsync<InputException>(() => Collect(endpoint, Requests(3)));
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, e.ExitCode);
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
        await using EndpointFleet endpoint = Endpoint(server, concurrency: 1);
        foreach (CompletedRequest completed in await Collect(endpoint, Requests(12)))
            Assert.Equal(("zwölf mal 三", "🎉 4"), (completed.Completion.Reasoning, completed.Completion.Answer));
    }

    [Fact]
    public async Task JoinsDataLinesOfOneEventAndReadsLongOnes()
    {
        string text = string.Concat(Enumerable.Range(0, 180_000)); // about 1 MB on one line
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead
            + "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"two lines</think>\"}}]}\n\n"
            + Delta("content", text) + Finish("stop") + Usage(7, 250_000) + Done));
        Completion completion = await CompleteOne(server, new CompletionRequest("r", [new(MessageRole.User, "?")], new SamplingOptions { MaxTokens = 300_000 }));
        Assert.Equal("two lines", completion.Reasoning);
        Assert.Equal(text, completion.Answer);
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
        await using EndpointFleet endpoint = Endpoint(server);
        var pieces = new List<string>();
        Completion completion = await endpoint.StreamAsync(Requests(1).Single(), pieces.Add, CancellationToken.None);
        Assert.Equal(["<think>\n", "two", " and two", "\n</think>\n\n", "4", "!"], pieces);
        Assert.Equal(string.Concat(pieces), completion.RawText);
    }

    [Fact]
    public async Task AStreamThatFailsAfterTextWasHandedOverIsNotRepeated()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, StreamHead + Delta("content", "half")));
        await using EndpointFleet endpoint = Endpoint(server);
        var pieces = new List<string>();
        await Assert.ThrowsAsync<InputException>(() => endpoint.StreamAsync(Requests(1).Single(), pieces.Add, CancellationToken.None));
        Assert.Equal(["half"], pieces);
        Assert.Single(server.Requests);
    }
}
