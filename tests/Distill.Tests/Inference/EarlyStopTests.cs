using Distill.Chat;
using Distill.Inference;
using Xunit;

namespace Distill.Tests.Inference;

/// <summary>A model in this process that falls into loops, or into another language: given up under way, as a server would be.</summary>
public sealed class EarlyStopTests
{
    private const int MaxTokens = 6000;

    private static readonly Dictionary<string, string> Says = new()
    {
        ["fine"] = string.Concat(Enumerable.Range(0, 700).Select(i => $"{i * 7919} ")),
        ["loops"] = "First " + string.Concat(Enumerable.Repeat("wait, let me check that again. ", 300)),
        ["strays"] = string.Concat(Enumerable.Range(0, 200).Select(i => $"第{i}步我们需要计算二加二等于多少{i * 7919}")),
        ["short"] = "four",
    };

    [Fact]
    public async Task LoopsAreGivenUpAndTheirNeighboursAreNot()
    {
        Dictionary<string, CompletedRequest> whole = await Complete(EarlyStop.Never, [.. Says.Keys]), stopped = await Complete(EarlyStop.Loops, [.. Says.Keys]);
        Assert.Equal((FinishReason.Length, MaxTokens), (whole["loops"].Completion.FinishReason, whole["loops"].Completion.CompletionTokens));
        Assert.Equal((EndState.Loop, "loop", FinishReason.Error), (stopped["loops"].Completion.EndState, stopped["loops"].Failure, stopped["loops"].Completion.FinishReason));
        Assert.InRange(stopped["loops"].Completion.CompletionTokens, 2048, 2048 + 1024);
        Assert.StartsWith(stopped["loops"].Completion.RawText, whole["loops"].Completion.RawText, StringComparison.Ordinal);
        foreach (string other in new[] { "fine", "strays", "short" }) Assert.Equal((whole[other].Completion, null), (stopped[other].Completion, stopped[other].Failure));
        Assert.Equal(Says["fine"].Trim(), stopped["fine"].Completion.RawText.Trim());
    }

    [Fact]
    public async Task WhatStraysIsGivenUpWhereItIsRejected()
    {
        Dictionary<string, CompletedRequest> stopped = await Complete(EarlyStop.LoopsAndMixing, [.. Says.Keys]);
        Assert.Equal((EndState.LanguageMixed, "language_mixed", FinishReason.Error), (stopped["strays"].Completion.EndState, stopped["strays"].Failure, stopped["strays"].Completion.FinishReason));
        Assert.InRange(stopped["strays"].Completion.CompletionTokens, 3000, 4600); // a thousand letters of three bytes, and digits
        Assert.Equal(FinishReason.Stop, stopped["fine"].Completion.FinishReason);
    }

    [Fact]
    public async Task WhatIsGivenUpDoesNotDependOnTheNeighbours()
    {
        Dictionary<string, CompletedRequest> together = await Complete(EarlyStop.LoopsAndMixing, [.. Says.Keys]);
        foreach (string question in Says.Keys) Assert.Equal(together[question].Completion, (await Complete(EarlyStop.LoopsAndMixing, question))[question].Completion);
    }

    private static async Task<Dictionary<string, CompletedRequest>> Complete(EarlyStop stop, params string[] questions)
    {
        TokenizerDefinition definition = BpeTrainer.Train(["one two three"], 263 + 1, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
        var tokenizer = ModelTokenizer.FromDefinition(definition, ChatFormat.DeepSeekR1Config(1024));
        var chat = ModelChat.Of("test", tokenizer, [tokenizer.EosTokenId!.Value]);
        var model = new ScriptedModel(Says.ToDictionary(said => chat.PromptTokens([new(MessageRole.User, said.Key)]), said => (int[])[.. tokenizer.Encode(said.Value), tokenizer.EosTokenId!.Value]), tokenizer.VocabularySize);
        await using var generator = new BatchGenerator(model, chat, "scripted", batchSize: 4) { EarlyStop = stop };
        return await generator.CompleteAsync(questions.Select(question => new CompletionRequest(question, [new(MessageRole.User, question)], new() { Temperature = 0, MaxTokens = MaxTokens })), CancellationToken.None)
            .ToDictionaryAsync(done => done.Request.Id);
    }

    /// <summary>Says, token for token, what belongs to each prompt.</summary>
    private sealed class ScriptedModel(Dictionary<int[], int[]> says, int vocabulary) : ILanguageModel
    {
        public int VocabularySize => vocabulary;

        public int ContextLength => 100_000;

        public IDecodingSession StartSession(int maxTokens) => new Session(says, vocabulary);

        public void Dispose() { }

        private sealed class Session(Dictionary<int[], int[]> says, int vocabulary) : IDecodingSession
        {
            private List<(int[] Tokens, int Next)> _rows = [];

            public void Prefill(IReadOnlyList<int[]> prompts, Span<float> logits)
            {
                _rows = [.. prompts.Select(prompt => (says.First(said => said.Key.AsSpan().SequenceEqual(prompt)).Value, 0))];
                Write(logits);
            }

            public void Step(ReadOnlySpan<int> tokens, Span<float> logits) => Write(logits);

            public void Keep(ReadOnlySpan<int> rows)
            {
                var kept = new List<(int[], int)>();
                foreach (int row in rows) kept.Add(_rows[row]);
                _rows = kept;
            }

            public void Dispose() { }

            private void Write(Span<float> logits)
            {
                logits.Clear();
                for (int i = 0; i < _rows.Count; i++)
                {
                    logits[(i * vocabulary) + _rows[i].Tokens[Math.Min(_rows[i].Next, _rows[i].Tokens.Length - 1)]] = 1;
                    _rows[i] = (_rows[i].Tokens, _rows[i].Next + 1);
                }
            }
        }
    }
}
