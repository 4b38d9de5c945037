using System.Text.Json.Nodes;
using Distill.Chat;

namespace Distill.PeerTests.Chat;

/// <summary>Our tokenizer against Hugging Face's, text by text: ids, and the text that they decode to.</summary>
internal static class TokenizerComparison
{
    /// <summary>The first differences, ready to read; none when the two agree.</summary>
    /// <param name="tokenizerFile">The tokenizer.json that both read.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens are added.</param>
    public static async Task<IReadOnlyList<string>> DifferencesAsync(string tokenizerFile, IReadOnlyList<string> texts, bool addSpecialTokens = false)
    {
        ModelTokenizer tokenizer = ModelTokenizer.Load(Path.GetDirectoryName(tokenizerFile)!);
        IReadOnlyList<(int[] Ids, string Text)> answers = await RustTokenizers.EncodeAsync(tokenizerFile, texts, addSpecialTokens);
        var differences = new List<string>();
        for (int i = 0; i < texts.Count && differences.Count < 10; i++)
        {
            (int[] expected, string decoded) = answers[i];
            int[] ids = tokenizer.Encode(texts[i], addSpecialTokens);
            if (!expected.AsSpan().SequenceEqual(ids))
            {
                differences.Add($"{Escape(texts[i])}\n  theirs {Show(tokenizer, expected)}\n  ours   {Show(tokenizer, ids)}");
            }
            else if (decoded != tokenizer.Decode(ids))
            {
                differences.Add($"{Escape(texts[i])}\n  decoded by them {Escape(decoded)}\n  by us           {Escape(tokenizer.Decode(ids))}");
            }
        }
        return differences;
    }

    /// <summary>Texts of a vocabulary's added tokens.</summary>
    public static string[] AddedTokens(string tokenizerFile) =>
        [.. ModelTokenizer.Load(Path.GetDirectoryName(tokenizerFile)!).Definition.AddedTokens.Select(token => token.Content)];

    private static string Show(ModelTokenizer tokenizer, int[] ids) => string.Join(' ', ids.Select(id => $"{id}:{tokenizer.TokenText(id)}"));

    private static string Escape(string text) => JsonValue.Create(text).ToJsonString();
}
