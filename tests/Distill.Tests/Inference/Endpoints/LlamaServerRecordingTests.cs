using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Xunit;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>What a real llama-server (b4748) answered, told apart. Its model wrote noise, so most of its texts hold broken characters.</summary>
public sealed class LlamaServerRecordingTests
{
    [Theory]
    [InlineData("auth_missing", nameof(FaultKind.Fatal), "key_refused")]
    [InlineData("auth_wrong", nameof(FaultKind.Fatal), "key_refused")]
    [InlineData("bad_json", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("empty_body", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("no_messages", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("messages_not_array", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("chat_n2", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("completion_best_of", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("completion_echo", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("tools_stream", nameof(FaultKind.Permanent), "request_refused")]
    [InlineData("chat_top_logprobs_no_logprobs", nameof(FaultKind.Fatal), "logprobs_refused")]
    [InlineData("too_long_no_ctxshift", nameof(FaultKind.Permanent), "context_exceeded")]
    [InlineData("too_long_no_ctxshift_stream", nameof(FaultKind.Permanent), "context_exceeded")]
    [InlineData("gen_overflow_no_ctxshift", nameof(FaultKind.Permanent), "context_exceeded")]
    [InlineData("gen_overflow_no_ctxshift_stream", nameof(FaultKind.Permanent), "context_exceeded")]
    [InlineData("not_found", nameof(FaultKind.Fatal), "not_found")]
    [InlineData("get_on_post", nameof(FaultKind.Fatal), "not_found")]
    [InlineData("kill9_midstream", nameof(FaultKind.Transient), "stream_cut")]
    [InlineData("sigterm_midstream", nameof(FaultKind.Transient), "stream_cut")]
    [InlineData("health", nameof(FaultKind.Transient), "garbled_reply")]
    [InlineData("max_completion_tokens", nameof(FaultKind.Permanent), "max_tokens_ignored", 3)]
    [InlineData("chat_stream", nameof(FaultKind.Permanent), "broken_text")]
    [InlineData("queued_stream", nameof(FaultKind.Permanent), "broken_text")]
    public async Task TellsFailuresApart(string recording, string kind, string code, int maxTokens = 8000)
    {
        await using ScriptedServer server = Replay(recording);
        var fault = await Assert.ThrowsAsync<EndpointFault>(() => Complete(server, maxTokens));
        Assert.Equal((kind, code), (fault.Kind.ToString(), fault.Code));
        if (code == "key_refused") Assert.Equal(3, fault.ExitCode);
    }

    [Theory]
    [InlineData("loading_chat")]
    public async Task WaitsForAServerThatLoads(string recording)
    {
        string reply = await File.ReadAllTextAsync(SharedData.Path("llama-server-recordings", recording + ".full.txt"));
        await using var server = new ScriptedServer((_, stream) => ScriptedServer.Send(stream, reply));
        var fault = await Assert.ThrowsAsync<EndpointFault>(() => Complete(server, 100));
        Assert.Equal((FaultKind.Overload, "overloaded"), (fault.Kind, fault.Code));
        Assert.Contains("Loading model", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeepsTheTextThatArrivedOfACompletionThatFails()
    {
        await using ScriptedServer server = Replay("gen_overflow_no_ctxshift_stream");
        var fault = await Assert.ThrowsAsync<EndpointFault>(() => Complete(server, 8000));
        Completion partial = fault.Partial!.Fail();
        Assert.Equal(FinishReason.Error, partial.FinishReason);
        Assert.InRange(partial.RawText.Length, 500, 5000);
    }

    [Fact]
    public async Task AcceptsAStreamOnceItsTextIsSound()
    {
        // the recorded stream with the broken characters of its random model replaced
        await using ScriptedServer server = Replay("chat_stream_usage", text => text.Replace('\uFFFD', 'e'));
        Completion completion = await Complete(server, 8);
        Assert.Equal(FinishReason.Length, completion.FinishReason);
        Assert.Equal((19, 8), (completion.PromptTokens, completion.CompletionTokens));
        Assert.True(completion.ReasoningUnclosed);
        Assert.NotEmpty(completion.Reasoning);
    }

    private static ScriptedServer Replay(string recording, Func<string, string>? change = null)
    {
        string[] head = File.ReadAllLines(SharedData.Path("llama-server-recordings", recording + ".headers.txt"));
        string body = File.ReadAllText(SharedData.Path("llama-server-recordings", recording + ".body.txt"));
        if (change is not null) body = change(body);
        // curl removed the chunks' framing; a cut body is replayed as a chunked one that ends too early
        bool cut = recording.EndsWith("midstream", StringComparison.Ordinal);
        string lines = string.Concat(head.Where(line => line.Length > 0 && !line.StartsWith("Content-Length", StringComparison.Ordinal) && (cut || !line.StartsWith("Transfer-Encoding", StringComparison.Ordinal))).Select(line => line + "\r\n"));
        string framed = cut ? $"{System.Text.Encoding.UTF8.GetByteCount(body):x}\r\n{body}\r\n" : body;
        return new ScriptedServer((_, stream) => ScriptedServer.Send(stream, $"{lines}{(cut ? "" : "Connection: close\r\n")}\r\n{framed}"));
    }

    private static async Task<Completion> Complete(ScriptedServer server, int maxTokens)
    {
        await using var engine = new OpenAIEngine(new EndpointOptions { Url = server.Url }, new FleetOptions { Endpoints = [], Model = "tiny-r1" });
        var call = new EngineCall("r", 1, [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = maxTokens });
        var assembly = new CompletionAssembly(call);
        try
        {
            await foreach (EngineEvent taken in engine.StreamAsync(call, CancellationToken.None)) assembly.Add(taken);
            return assembly.Finish();
        }
        catch (EndpointFault fault)
        {
            fault.Partial = assembly;
            throw;
        }
    }
}
