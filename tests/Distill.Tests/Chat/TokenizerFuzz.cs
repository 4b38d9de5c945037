using Distill.Chat;

namespace Distill.Tests.Chat;

/// <summary>Damaged tokenizer.json files, read and used.</summary>
internal static class TokenizerFuzz
{
    private static readonly string[] Texts = ["", "hello <think> 12345\r\n  é日本😀\ud800", new string('a', 3000) + "!"];

    /// <summary>Reads <paramref name="count"/> damaged files, the same for the same seed.</summary>
    public static FuzzTally Run(int seed, int count, FuzzTally? into = null)
    {
        var random = new Random(seed);
        JsonMutation[] documents = [.. Documents().Select(document => new JsonMutation(document, random, document.AsSpan().IndexOf("\"vocab\""u8)))];
        FuzzTally tally = into ?? new FuzzTally();
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = documents[i % documents.Length].Next();
            tally.Try(System.Text.Encoding.UTF8.GetString(bytes), () =>
            {
                ModelTokenizer tokenizer = ModelTokenizer.FromDefinition(TokenizerReader.ReadDefinition(JsonInput.Parse("tokenizer.json", bytes)));
                foreach (string text in Texts) tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: true), skipSpecialTokens: false);
            });
        }
        return tally;
    }

    // A small vocabulary in the three forms that the families have.
    private static IEnumerable<byte[]> Documents()
    {
        using var folder = new TemporaryFolder();
        foreach (IReadOnlyList<SplitPattern> patterns in (IReadOnlyList<SplitPattern>[])[[new(SplitPatterns.Qwen2)], [new(SplitPatterns.Llama3)], SplitPatterns.DeepSeekV3])
        {
            TokenizerDefinition definition = BpeTrainer.Train(["aaaa hello hello the then there theme lone tone"], 271, ChatFormat.DeepSeekR1Tokens, SplitPatterns.Qwen2) with
            {
                SplitPatterns = patterns,
                Normalization = patterns.Count == 1 ? TextNormalization.Nfc : TextNormalization.None,
                IgnoreMerges = patterns[0].Regex == SplitPatterns.Llama3,
                TemplatePrefix = [ChatFormat.BeginOfSentence],
            };
            TokenizerFiles.Save(definition, folder.Path, ChatFormat.DeepSeekR1Config(512));
            yield return File.ReadAllBytes(folder["tokenizer.json"]);
        }
    }
}
