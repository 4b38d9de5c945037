using Distill.Chat;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class ModelTokenizerTests : IDisposable
{
    private static readonly string[] Corpus =
    [
        "Compute 37*46+158-29.", "First 37*46: 37*6 = 222, 37*40 = 1480, together 1702.", "Then 1702+158 = 1860 and 1860-29 = 1831.",
        "The result is \\boxed{1831}.", "Let us work through this step by step. First the product, then the sums.",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("distill-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TokenizerDefinition TrainTiny(int size = 320) =>
        BpeTrainer.Train(Corpus, size, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);

    [Theory]
    [InlineData("Compute 37*46+158-29.")]
    [InlineData("naïve café\u0301 日本語 𠮷野家 👩‍👩‍👧 \u00a0\u3000 end\r\n\r\n  x\t\ty ")]
    [InlineData("")]
    public void DecodeGivesBackWhatWasEncoded(string text)
    {
        var tokenizer = ModelTokenizer.FromDefinition(TrainTiny());
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeOrdinary(text)));
    }

    [Fact]
    public void TrainedVocabularyHasTheAskedSizeAndSingleDigits()
    {
        TokenizerDefinition definition = TrainTiny();
        var tokenizer = ModelTokenizer.FromDefinition(definition);
        Assert.Equal(320, tokenizer.VocabularySize);
        Assert.Equal(320 - 7, definition.Tokens.Count);
        Assert.DoesNotContain(definition.Tokens, token => token!.Length > 1 && token.Any(char.IsAsciiDigit));
        Assert.Equal(6, tokenizer.Encode("123456").Length);
        Assert.Equal(definition.Merges, TrainTiny().Merges);
    }

    [Fact]
    public void AddedTokensAreRecognisedUnlessTextIsOrdinary()
    {
        var tokenizer = ModelTokenizer.FromDefinition(TrainTiny(), ChatFormat.DeepSeekR1Config(512) with { AddBosToken = true });
        int[] ids = tokenizer.Encode("<｜User｜>1<think>");
        Assert.Equal([tokenizer.TokenId(ChatFormat.User)!.Value, tokenizer.TokenId("1")!.Value, tokenizer.TokenId("<think>")!.Value], ids);
        Assert.Equal("1<think>", tokenizer.Decode(ids));
        Assert.Equal("<｜User｜>1<think>", tokenizer.Decode(ids, skipSpecialTokens: false));
        Assert.DoesNotContain(tokenizer.EncodeOrdinary("<｜User｜>1<think>"), id => id >= tokenizer.Definition.Tokens.Count);
        Assert.Equal(tokenizer.BosTokenId, tokenizer.Encode("1", addSpecialTokens: true)[0]);
    }

    [Fact]
    public void SavedFilesLoadToTheSameTokenizer()
    {
        TokenizerDefinition definition = TrainTiny() with { TemplatePrefix = [ChatFormat.BeginOfSentence] };
        TokenizerFiles.Save(definition, _folder, ChatFormat.DeepSeekR1Config(512));
        ModelTokenizer loaded = ModelTokenizer.Load(_folder);
        Assert.Equal(definition.Tokens, loaded.Definition.Tokens);
        Assert.Equal(definition.Merges, loaded.Definition.Merges);
        Assert.Equal(definition.AddedTokens, loaded.Definition.AddedTokens);
        Assert.Equal(definition.SplitPatterns, loaded.Definition.SplitPatterns);
        Assert.Equal(definition.TemplatePrefix, loaded.Definition.TemplatePrefix);
        Assert.Equal(ChatFormat.DeepSeekR1Config(512), loaded.Config);
    }
}
