using Distill.Chat;
using Distill.Runs;
using Distill.Training;
using Xunit;

namespace Distill.Tests.Training;

public sealed class TrainingSetTests : IDisposable
{
    private const string Conversation = """
        {"id":"c1","messages":[{"role":"user","content":"Compute 1+1."},{"role":"assistant","content":"<think>\n1+1=2\n</think>\n\n\\boxed{2}"},{"role":"user","content":"And 2+2?"},{"role":"assistant","content":"<think>\n2+2=4\n</think>\n\n\\boxed{4}"}]}
        """;

    private readonly TemporaryFolder _folder = new();

    public TrainingSetTests()
    {
        var definition = BpeTrainer.Train(["compute the sum of these numbers, then compute the product of those"], 272, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
        TokenizerFiles.Save(definition, _folder.Path, ChatFormat.DeepSeekR1Config(contextLength: 1024));
        File.WriteAllText(_folder["data.jsonl"], Conversation + "\n");
    }

    public void Dispose() => _folder.Dispose();

    private string[] Texts(TrainedTurns turns, out string[] prompts)
    {
        StudentChat chat = StudentChat.Load(_folder.Path);
        using TrainingSet set = Load(chat, new TrainOptions { Turns = turns });
        prompts = [.. set.Samples.Select(sample => chat.Tokenizer.Decode(sample.Tokens.Span[..sample.PromptLength], skipSpecialTokens: false))];
        return [.. set.Samples.Select(sample => chat.Tokenizer.Decode(sample.Tokens.Span[sample.PromptLength..], skipSpecialTokens: false))];
    }

    private TrainingSet Load(StudentChat chat, TrainOptions options) =>
        TrainingSet.Load(_folder["data.jsonl"], chat, options with { TokenCache = _folder["cache"] }, new Progress<ProgressEvent>(), default);

    [Fact]
    public void TheLastTurnIsLearnedAndTheHistoryOnlyShown()
    {
        string learned = Assert.Single(Texts(TrainedTurns.Last, out string[] prompts));
        Assert.Equal($"2+2=4\n</think>\n\n\\boxed{{4}}{ChatFormat.EndOfSentence}", learned);
        Assert.EndsWith("<think>\n", prompts[0]);
        Assert.Contains("\\boxed{2}", prompts[0]);
        Assert.DoesNotContain("1+1=2", prompts[0]); // the template drops earlier reasoning, as it will when the model is used
    }

    [Fact]
    public void EveryTurnIsASampleOfItsOwn()
    {
        string[] learned = Texts(TrainedTurns.All, out string[] prompts);
        Assert.Equal([$"1+1=2\n</think>\n\n\\boxed{{2}}{ChatFormat.EndOfSentence}", $"2+2=4\n</think>\n\n\\boxed{{4}}{ChatFormat.EndOfSentence}"], learned);
        Assert.DoesNotContain("boxed", prompts[0]);
    }

    [Fact]
    public void TokensAreMadeOnceAndAnewWhenAnythingChanges()
    {
        StudentChat chat = StudentChat.Load(_folder.Path);
        Load(chat, new()).Dispose();
        string file = Assert.Single(Directory.GetFiles(_folder["cache"]));
        DateTime written = File.GetLastWriteTimeUtc(file);
        Load(chat, new() { SequenceLength = 100 }).Dispose();
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));

        Load(chat, new() { Turns = TrainedTurns.All }).Dispose();
        File.AppendAllText(_folder["data.jsonl"], Conversation.Replace("c1", "c2") + "\n");
        Load(chat, new()).Dispose();
        Assert.Equal(3, Directory.GetFiles(_folder["cache"]).Length);
    }

    [Theory]
    [InlineData(ExcessLength.Drop, "every sample is longer than sequence_length 8")]
    [InlineData(ExcessLength.Raise, "1 of 1 samples are longer than sequence_length 8")]
    public void WhatDoesNotFitIsNeverCut(ExcessLength policy, string message)
    {
        var error = Assert.Throws<InputException>(() => Load(StudentChat.Load(_folder.Path), new() { SequenceLength = 8, ExcessLength = policy }));
        Assert.Contains(message, error.Message);
        Assert.Contains("or more", error.Hint!);
    }

    [Fact]
    public void AnEmptySetIsRefused()
    {
        File.WriteAllText(_folder["data.jsonl"], "");
        Assert.Throws<InputException>(() => Load(StudentChat.Load(_folder.Path), new()));
    }
}
