using System.Text;
using Distill.Chat;
using Xunit;

namespace Distill.Tests.Chat;

public sealed class IncrementalDecoderTests
{
    private static readonly ModelTokenizer Tokenizer = ModelTokenizer.FromDefinition(
        BpeTrainer.Train(["日本語 日本 日 😀😀 👩‍👩‍👧 é é naïve the then"], 256 + 12 + 7, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2), ChatFormat.DeepSeekR1Config(512));

    /// <summary>Texts of all scripts come out character by character: never half of one, and nothing is lost.</summary>
    [Fact]
    public void CharactersComeOutWhole()
    {
        var random = new Random(3);
        for (int i = 0; i < 5_000; i++)
        {
            var text = new StringBuilder();
            for (int j = random.Next(12); j >= 0; j--) text.Append(Rune.TryCreate(random.Next(random.Next(2) == 0 ? 0x3000 : 0x110000), out Rune rune) && rune.Value != 0xFFFD ? rune.ToString() : "😀<think>");
            var decoder = new IncrementalDecoder(Tokenizer);
            var pieces = Tokenizer.Encode(text.ToString()).Select(decoder.Append).Append(decoder.Flush()).ToList();
            Assert.Equal(text.ToString(), string.Concat(pieces));
            Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD') || char.IsLowSurrogate(piece.FirstOrDefault()) || char.IsHighSurrogate(piece.LastOrDefault()));
        }
    }

    /// <summary>Any ids, as a bad sampler might draw them: the pieces are the text that decoding all of them at once gives.</summary>
    [Fact]
    public void AnyIdsDecodeAsAllOfThemAtOnce()
    {
        var random = new Random(4);
        for (int i = 0; i < 5_000; i++)
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(Tokenizer.VocabularySize + 3))];
            bool skip = random.Next(2) == 0;
            var decoder = new IncrementalDecoder(Tokenizer, skip);
            List<string> pieces = [.. ids.Select(decoder.Append), decoder.Flush()];
            Assert.Equal(Tokenizer.Decode(ids, skip), string.Concat(pieces));
            Assert.DoesNotContain(pieces, piece => char.IsLowSurrogate(piece.FirstOrDefault()) || char.IsHighSurrogate(piece.LastOrDefault()));
        }
    }
}
