using System.Text;
using System.Text.Json;
using Distill.Chat;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Xunit;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>How servers are told apart, and what each is asked.</summary>
public sealed class EngineDialectTests
{
    [Theory]
    [InlineData("vllm", EngineDialect.Vllm)]
    [InlineData("sglang", EngineDialect.Sglang)]
    [InlineData("llamacpp", EngineDialect.LlamaServer)]
    [InlineData("somebody", EngineDialect.Auto)]
    public async Task TheListOfModelsTellsTheEngine(string owner, EngineDialect expected)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream())) { ModelsReply = Reply(200, $$"""{"data":[{"id":"m","owned_by":"{{owner}}"}]}""") };
        await using var engine = new OpenAIEngine(new EndpointOptions { Url = server.Url }, EndpointUnderTest.Options());
        EngineFacts facts = await engine.ProbeAsync(CancellationToken.None);
        Assert.Equal(expected, facts.Dialect);
        Assert.Equal(["m"], facts.Models);
        Assert.Equal(expected != EngineDialect.Auto, engine.CanContinue);
    }

    [Theory]
    [InlineData("https://api.openai.com/v1", EngineDialect.OpenAI)]
    [InlineData("https://api.deepseek.com", EngineDialect.DeepSeek)]
    [InlineData("https://mine.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview", EngineDialect.Azure)]
    public async Task SomeAddressesTellTheService(string url, EngineDialect expected)
    {
        await using var engine = new OpenAIEngine(new EndpointOptions { Url = url }, EndpointUnderTest.Options());
        Assert.Equal(expected, engine.Dialect);
    }

    [Theory]
    [InlineData(EngineDialect.Auto, "max_tokens temperature top_p top_k seed")]
    [InlineData(EngineDialect.Vllm, "max_tokens temperature top_p top_k seed")]
    [InlineData(EngineDialect.Sglang, "max_tokens temperature top_p top_k seed")]
    [InlineData(EngineDialect.LlamaServer, "max_tokens temperature top_p top_k seed")]
    [InlineData(EngineDialect.OpenAI, "max_completion_tokens temperature top_p seed")]
    [InlineData(EngineDialect.DeepSeek, "max_tokens temperature top_p")]
    [InlineData(EngineDialect.Azure, "max_tokens temperature top_p seed")]
    public void EachIsAskedInItsOwnWords(EngineDialect dialect, string expected)
    {
        var call = new EngineCall("r", 1, [new(MessageRole.User, "?")], new SamplingOptions { TopK = 5, Seed = 3 });
        JsonElement body = JsonDocument.Parse(ChatRequestBody.Write("m", call, dialect)).RootElement;
        Assert.Equal(expected.Split(' '), body.EnumerateObject().Select(field => field.Name).Except(["model", "messages", "stream", "stream_options"]));
    }

    [Theory]
    [InlineData(EngineDialect.Vllm, true)]
    [InlineData(EngineDialect.LlamaServer, false)]
    public void ACutTextIsGoneOnFrom(EngineDialect dialect, bool flags)
    {
        var call = new EngineCall("r", 1, [new(MessageRole.User, "?")], new SamplingOptions(), "<think>\nso far");
        JsonElement body = JsonDocument.Parse(ChatRequestBody.Write("m", call, dialect)).RootElement;
        Assert.Equal("assistant", body.GetProperty("messages")[1].GetProperty("role").GetString());
        Assert.Equal("<think>\nso far", body.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal(flags, body.TryGetProperty("continue_final_message", out _));
    }

    [Fact]
    public async Task AzureGetsItsVersionAndItsKeyHeader()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        var endpoint = new EndpointOptions { Url = server.Url[..^3] + "/models/chat/completions?api-version=2024-05-01-preview", Dialect = EngineDialect.Azure, Key = ApiKey.Find(null, _ => "sk-azure") };
        await using var engine = new OpenAIEngine(endpoint, EndpointUnderTest.Options());
        await foreach (EngineEvent _ in engine.StreamAsync(new EngineCall("r", 1, [new(MessageRole.User, "?")], new SamplingOptions()), CancellationToken.None)) { }
        ReceivedRequest sent = Assert.Single(server.Requests);
        Assert.Equal("/models/chat/completions?api-version=2024-05-01-preview", sent.Path);
        Assert.Equal("sk-azure", sent.Headers["api-key"]);
        Assert.False(sent.Headers.ContainsKey("Authorization"));
        Assert.DoesNotContain("sk-azure", engine.Name + endpoint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSlotsOfLlamaServerAreTheFirstLimit()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream()))
        {
            ModelsReply = Reply(200, """{"data":[{"id":"m","owned_by":"llamacpp"}]}"""),
            OtherReplies = { ["/props"] = Reply(200, """{"total_slots":3}"""), ["/metrics"] = Reply(200, "# HELP x\nllamacpp:requests_processing 3\nllamacpp:requests_deferred 2\n", type: "text/plain") },
        };
        await using var endpoint = new FleetEndpoint(new EndpointOptions { Url = server.Url }, EndpointUnderTest.Options(server.Url) with { Concurrency = null });
        await endpoint.ProbeAsync(CancellationToken.None);
        Assert.Equal(3, endpoint.Limit.Current);
        Assert.Equal(new EngineLoad(3, 2), await endpoint.Engine.LoadAsync(CancellationToken.None));
    }

    [Fact]
    public void ReadsTheFiguresOfEveryEngineAndAddsUpItsWorkers()
    {
        const string page = "vllm:num_requests_running{engine=\"0\"} 5.0\nvllm:num_requests_running{engine=\"1\"} 7.0\nvllm:num_requests_waiting{engine=\"0\"} 2.0\nvllm:kv_cache_usage 0.5\n";
        Assert.Equal(new EngineLoad(12, 2), EngineMetrics.Read(Encoding.UTF8.GetBytes(page)));
        Assert.Equal(new EngineLoad(4, 1), EngineMetrics.Read("sglang:num_running_reqs{model=\"m\"} 4\nsglang:num_queue_reqs 1\n"u8));
        Assert.Null(EngineMetrics.Read("<html>no metrics</html>"u8));
        Assert.Null(EngineMetrics.Read("vllm:num_requests_running NaN\n"u8));
    }

    [Fact]
    public void ReadsAnEndpointAsPeopleWriteIt()
    {
        EndpointOptions endpoint = EndpointOptions.Parse("http://host:8000, weight=2.5, dialect=llama-server");
        Assert.Equal(("http://host:8000", 2.5, EngineDialect.LlamaServer), (endpoint.Url, endpoint.Weight, endpoint.Dialect));
        Assert.Equal(EngineDialect.Auto, EndpointOptions.Parse("http://host").Dialect);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("http://host,weight=0", "weight `0`")]
    [InlineData("http://host,dialect=klingon", "klingon")]
    [InlineData("http://host,dialect=3", "dialect `3`")]
    [InlineData("http://host,color=red", "`color` is unknown")]
    [InlineData("host", "not an http address")]
    [InlineData("http://host,key-file=/no/such/file", "no such file")]
    public void RefusesWhatItCannotRead(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => EndpointOptions.Parse(text)).Message, StringComparison.Ordinal);
}
