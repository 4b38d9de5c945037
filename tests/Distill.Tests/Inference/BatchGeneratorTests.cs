using Distill.Chat;
using Distill.Inference;
using Distill.Models;
using Distill.Runs;
using Distill.Tests.Models;
using Xunit;

namespace Distill.Tests.Inference;

public sealed class BatchGeneratorTests
{
    private static readonly string[] Questions = ["1+1", "what is 22*31-5?", "a", "long " + new string('x', 40), "7"];

    private static ModelChat Chat()
    {
        TokenizerDefinition definition = BpeTrainer.Train(["one two three"], 263 + 1, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
        var tokenizer = ModelTokenizer.FromDefinition(definition, ChatFormat.DeepSeekR1Config(1024));
        return ModelChat.Of("test", tokenizer, [tokenizer.EosTokenId!.Value]);
    }

    private static BatchGenerator Generator(string family, int batchSize, ModelChat chat)
    {
        ModelConfig shape = (family == "qwen" ? TinyShapes.Qwen() : TinyShapes.DeepSeek()) with { VocabSize = 272, MaxPositionEmbeddings = 160 };
        return new(new TorchLanguageModel(TinyShapes.Random(shape, 11)), chat, "tiny@1", batchSize, new ComputeThread());
    }

    private static async Task<Dictionary<string, Completion>> Complete(BatchGenerator generator, double temperature, IEnumerable<string> questions) =>
        await generator.CompleteAsync(questions.Select(question => new CompletionRequest(question, [new(MessageRole.User, question)],
            new() { Temperature = temperature, TopP = 1, MaxTokens = 24, Seed = RandomStream.DeriveSeed(3, question) })), CancellationToken.None)
            .ToDictionaryAsync(done => done.Request.Id, done => done.Completion);

    [Theory, InlineData("qwen", 0.0), InlineData("qwen", 1.0), InlineData("deepseek", 0.0), InlineData("deepseek", 1.0)]
    public async Task CompletionsDoNotDependOnTheirNeighbours(string family, double temperature)
    {
        ModelChat chat = Chat();
        await using BatchGenerator together = Generator(family, 5, chat), alone = Generator(family, 1, chat);
        Dictionary<string, Completion> expected = await Complete(alone, temperature, Questions);
        Assert.Equal(expected, await Complete(together, temperature, Questions));
        Assert.Contains(expected.Values, completion => completion.CompletionTokens == 24 && completion.FinishReason == FinishReason.Length);
    }

    [Fact]
    public async Task LogProbabilitiesAreThoseOfTheModelAndChangeNothingElse()
    {
        ModelChat chat = Chat();
        await using BatchGenerator generator = Generator("qwen", 4, chat);
        var sampling = new SamplingOptions { Temperature = 0, MaxTokens = 10 };
        CompletionRequest[] requests = [.. Questions.Select(question => new CompletionRequest(question, [new(MessageRole.User, question)], sampling))];
        List<CompletedRequest> plain = await generator.CompleteAsync(requests, CancellationToken.None).ToListAsync();
        List<CompletedRequest> kept = await generator.CompleteAsync(requests.Select(request => request with { Sampling = sampling with { TopLogProbabilities = 5 } }), CancellationToken.None).ToListAsync();
        foreach ((CompletedRequest without, CompletedRequest with) in plain.Zip(kept))
        {
            TopLogProbabilities likeliest = with.Completion.TopLogProbabilities!;
            Assert.Equal(without.Completion, with.Completion with { TopLogProbabilities = null });
            Assert.True(likeliest.IsWhole);
            Assert.Equal((chat.Tokenizer.VocabularyIdentity, 5, with.Completion.CompletionTokens), (likeliest.Vocabulary, likeliest.Width, likeliest.Tokens.Length));
            for (int i = 0; i < likeliest.Tokens.Length; i++)
            {
                int drawn = likeliest.Tokens.Span[i];
                if (drawn < chat.Tokenizer.VocabularySize) Assert.Equal(drawn, likeliest.TopTokens.Span[i * 5]); // greedy: the likeliest is what was drawn, padding of the vocabulary apart
                Assert.InRange(likeliest.Values.Slice(i * 5, 5).ToArray().Sum(value => Math.Exp((double)value)), 0, 1.001);
            }
        }
    }

    [Fact]
    public async Task StreamingGivesTheSameTextInPieces()
    {
        ModelChat chat = Chat();
        await using BatchGenerator generator = Generator("qwen", 4, chat);
        var text = new System.Text.StringBuilder();
        var request = new CompletionRequest("id", [new(MessageRole.User, "hello")], new() { Temperature = 1, MaxTokens = 30, Seed = 8 });
        Completion streamed = await generator.StreamAsync(request, piece => text.Append(piece), CancellationToken.None);
        Assert.Equal(streamed.RawText, text.ToString());
        Assert.Equal(streamed, (await generator.CompleteAsync([request], CancellationToken.None).SingleAsync()).Completion);
    }

    [Fact]
    public async Task APromptThatFillsTheContextIsTruncatedAtOnce()
    {
        ModelChat chat = Chat();
        await using BatchGenerator generator = Generator("qwen", 4, chat);
        Dictionary<string, Completion> completions = await Complete(generator, 0, ["1", new string('9', 400)]);
        Assert.Equal(FinishReason.Length, completions[new string('9', 400)].FinishReason);
        Assert.Equal(0, completions[new string('9', 400)].CompletionTokens);
        Assert.NotEqual(0, completions["1"].CompletionTokens);
    }

    [Fact]
    public void ATokenizerThatIsTooLargeForTheModelIsRefused()
    {
        ModelChat chat = Chat();
        using var model = new TorchLanguageModel(TinyShapes.Random(TinyShapes.Qwen()));
        Assert.Contains("264 tokens", Assert.Throws<InputException>(() => new BatchGenerator(model, chat, "tiny@1", 1)).Message, StringComparison.Ordinal);
    }
}
