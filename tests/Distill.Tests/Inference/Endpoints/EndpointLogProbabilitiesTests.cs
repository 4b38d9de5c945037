using System.Text;
using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Endpoints;
using Distill.Inference.Fleet;
using Distill.Runs;
using Xunit;
using static Distill.Tests.Inference.Endpoints.EndpointUnderTest;
using static Distill.Tests.Inference.Endpoints.ScriptedServer;

namespace Distill.Tests.Inference.Endpoints;

/// <summary>Log-probabilities in the three shapes that servers give them, and what must not pass for them.</summary>
public sealed class EndpointLogProbabilitiesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelTokenizer _tokenizer;

    public EndpointLogProbabilitiesTests()
    {
        TinyModels.WriteTokenizer(_folder.Path);
        _tokenizer = ModelTokenizer.Load(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    // The completion "ä=4" and its end: the first character is a token of two bytes.
    private int[] Tokens => [_tokenizer.TokenId("Ã¤")!.Value, _tokenizer.TokenId("=")!.Value, _tokenizer.TokenId("4")!.Value, _tokenizer.EosTokenId!.Value];

    private static string Bytes(byte[] bytes) => JsonSerializer.Serialize(bytes.Select(value => (int)value));

    private string Entry(string dialect, int token, double value, string? others = null)
    {
        byte[] bytes = _tokenizer.BytesOf(token, skipSpecialTokens: false).ToArray();
        string text = JsonSerializer.Serialize(Encoding.UTF8.GetString(bytes));
        string named = dialect switch
        {
            "vllm" => $"\"token\":\"token_id:{token}\",\"bytes\":{Bytes(bytes)}",
            "llama-server" => $"\"id\":{token},\"token\":{text},\"bytes\":{Bytes(bytes)}",
            "text" => $"\"token\":{text},\"bytes\":null",
            _ => $"\"token\":{text},\"bytes\":{Bytes(bytes)}",
        };
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{{{named},\"logprob\":{value}{others}}}");
    }

    private string Stream(string dialect, IEnumerable<int> tokens, string text = "ä=4", int? usage = null)
    {
        string[] pieces = [.. tokens.Select(token =>
        {
            string others = $",\"top_logprobs\":[{Entry(dialect, token, -0.5)},{Entry(dialect, 65, -1.25)},{Entry(dialect, 66, -4)}]";
            return $$"""data: {"choices":[{"index":0,"delta":{"content":""},"logprobs":{"content":[{{Entry(dialect, token, -0.5, others)}}]},"finish_reason":null}]}""" + "\n\n";
        })];
        return StreamHead + Delta("content", text) + string.Concat(pieces) + Finish("stop") + Usage(7, usage ?? 4) + Done;
    }

    private async Task<Completion> Complete(string reply, string dialect = "openai", int width = 2)
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, reply));
        return await Complete(server, dialect, width);
    }

    private async Task<Completion> Complete(ScriptedServer server, string dialect, int width)
    {
        FleetOptions options = Options(server.Url) with { Tokenizer = _tokenizer };
        if (dialect is "vllm" or "llama-server" or "deep-seek") options = options with { Endpoints = [EndpointOptions.Parse($"{server.Url},dialect={dialect}")] };
        await using var fleet = new EndpointFleet(options);
        var request = new CompletionRequest("r", [new(MessageRole.User, "2+2?")], new SamplingOptions { MaxTokens = 100, TopLogProbabilities = width });
        return Assert.Single(await Collect(fleet, [request])).Completion;
    }

    [Theory, InlineData("vllm"), InlineData("llama-server"), InlineData("openai"), InlineData("text")]
    public async Task TokensAreTheirIdsInEveryShape(string dialect)
    {
        TopLogProbabilities found = (await Complete(Stream(dialect, Tokens), dialect)).TopLogProbabilities!;
        Assert.True(found.IsWhole);
        Assert.Equal(_tokenizer.VocabularyIdentity, found.Vocabulary);
        Assert.Equal(Tokens, found.Tokens.ToArray());
        Assert.Equal(Tokens.SelectMany(token => new[] { token, 65 }), found.TopTokens.ToArray());
        Assert.Equal([(Half)(-0.5), (Half)(-1.25)], found.Values.ToArray()[..2]);
    }

    [Fact]
    public async Task AnEndThatIsNotToldIsAllowed() =>
        Assert.Equal(Tokens[..^1], (await Complete(Stream("openai", Tokens[..^1]))).TopLogProbabilities!.Tokens.ToArray());

    [Fact]
    public async Task TokensThatWereSwallowedEndTheRun()
    {
        var e = await Assert.ThrowsAsync<InputException>(() => Complete(Stream("openai", Tokens, usage: 9)));
        Assert.Contains("the log-probabilities of 4 of a completion's 9 tokens", e.Message);
        Assert.Contains("reasoning parser", e.Hint!);
    }

    [Fact]
    public async Task ATokenOfAnotherTokenizerEndsTheRun()
    {
        string reply = Stream("openai", Tokens).Replace("""{"token":"=","bytes":[61],"logprob":-0.5,"top""", """{"token":"=\u00e4=","bytes":[61,195,164,61],"logprob":-0.5,"top""");
        var e = await Assert.ThrowsAsync<InputException>(() => Complete(reply));
        Assert.Contains("its token \"=\\u00e4=\" is no token of --tokenizer", e.Message);
    }

    [Fact]
    public async Task AnIdWhoseBytesAreOthersEndsTheRun()
    {
        var e = await Assert.ThrowsAsync<InputException>(() => Complete(Stream("vllm", Tokens).Replace("[61]", "[62]"), "vllm"));
        Assert.Contains("is no token of --tokenizer", e.Message);
    }

    [Fact]
    public async Task AnAlternativeWithoutAnExactIdIsLeftOut()
    {
        TopLogProbabilities found = (await Complete(Stream("openai", Tokens).Replace("[97]", "[239,191,189,1]").Replace(Bytes([(byte)'b']), "[239,191]"), width: 3)).TopLogProbabilities!;
        int[] alternatives = [.. Tokens.SelectMany(token => new[] { token, 65, 66 })];
        Assert.Equal(alternatives.Length, found.TopTokens.Length);
        Assert.Equal(Tokens, found.TopTokens.ToArray().Where((_, i) => i % 3 == 0));
    }

    [Fact]
    public async Task AServiceThatGivesNoneIsRefusedBeforeTheFirstRequest()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, GoodStream()));
        var e = await Assert.ThrowsAsync<InputException>(() => Complete(server, "deep-seek", 2));
        Assert.Contains("DeepSeek gives no log-probabilities", e.Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task ALimitOfTheServerIsOneErrorAndNotAThousandFailedRollouts()
    {
        var e = await Assert.ThrowsAsync<InputException>(() => Complete(Reply(400, """{"error":{"message":"Requested sample logprobs of 40, which is greater than max allowed: 20"}}""")));
        Assert.Contains("greater than max allowed: 20", e.Message);
        Assert.Contains("--max-logprobs", e.Hint!);
    }

    [Fact]
    public async Task TheyAreAskedFor()
    {
        await using var server = new ScriptedServer((_, stream) => Send(stream, Stream("vllm", Tokens)));
        await Complete(server, "vllm", 20);
        JsonElement body = Assert.Single(server.Requests).Json;
        Assert.True(body.GetProperty("logprobs").GetBoolean());
        Assert.Equal(20, body.GetProperty("top_logprobs").GetInt32());
        Assert.True(body.GetProperty("return_tokens_as_token_ids").GetBoolean());
    }
}
