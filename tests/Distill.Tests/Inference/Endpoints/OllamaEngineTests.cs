using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Fleet;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>Ollama's native protocol.</summary>
public sealed class OllamaEngineTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n";
    private const string Thought = """{"model":"m","created_at":"2025-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"two and two"},"done":false}""" + "\n";
    private const string Answer = """{"model":"m","message":{"role":"assistant","content":"4"},"done":false}""" + "\n";
    private const string End = """{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":7,"eval_count":9}""" + "\n";

    [Fact]
    public async Task IsFoundBehindItsOpenAIFaceAndAskedNatively()
    {
        await using ScriptedServer server = Ollama((_, stream) => Send(stream, Head + Thought + Answer + End));
        await using var fleet = new EndpointFleet(Options(server.Url));
        CompletedRequest completed = Assert.Single(await Collect(fleet, Requests(1)));

        Assert.Equal(("two and two", "4"), (completed.Completion.Reasoning, completed.Completion.Answer));
        Assert.Equal((7, 9, FinishReason.Stop), (completed.Completion.PromptTokens, completed.Completion.CompletionTokens, completed.Completion.FinishReason));
        ReceivedRequest sent = Assert.Single(server.Requests);
        Assert.Equal("/api/chat", sent.Path);
        JsonElement body = sent.Json;
        Assert.False(body.GetProperty("truncate").GetBoolean());
        Assert.True(body.GetProperty("think").GetBoolean());
        Assert.Equal((1000, 1000 + 4096), (body.GetProperty("options").GetProperty("num_predict").GetInt32(), body.GetProperty("options").GetProperty("num_ctx").GetInt32()));
    }

    [Fact]
    public async Task AModelThatCannotThinkIsAskedWithoutIt()
    {
        await using ScriptedServer server = Ollama((request, stream) => Send(stream, request.Json.TryGetProperty("think", out _)
            ? Reply(400, """{"error":"\"m\" does not support thinking"}""") : Head + Answer + End));
        await using var fleet = new EndpointFleet(Options(server.Url) with { Concurrency = 1 });
        Assert.Equal(3, (await Collect(fleet, Requests(3))).Count(completed => completed.Failure is null));
        Assert.Equal(4, server.Requests.Count);
    }

    public static TheoryData<string> Failures => new()
    {
        Head + Thought,
        Head + Thought + """{"error":"llama runner process has terminated"}""" + "\n",
        Head + Thought + "{\"model\":\"m\",\"mess",
        Head + Thought + End.Replace("stop", "load", StringComparison.Ordinal),
        Reply(503, """{"error":"server busy, please try again.  maximum pending requests exceeded"}"""),
        "",
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task AFailureThatMayPassIsTriedAgain(string reply)
    {
        await using ScriptedServer server = Ollama((request, stream) => Send(stream, request.Number == 1 ? reply : Head + Thought + Answer + End));
        await using var fleet = new EndpointFleet(Options(server.Url));
        Assert.Equal("4", Assert.Single(await Collect(fleet, Requests(1))).Completion.Answer);
        Assert.Equal(2, server.Requests.Count);
    }

    private static ScriptedServer Ollama(Func<ReceivedRequest, Stream, Task> script) => new(script)
    {
        ModelsReply = Reply(200, """{"object":"list","data":[{"id":"m:latest","object":"model","owned_by":"library"}]}"""),
        OtherReplies = { ["/api/tags"] = Reply(200, """{"models":[{"name":"m:latest"}]}""") },
    };
}
