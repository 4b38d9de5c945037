using Distill.Chat;

namespace Distill.Diagnosis;

/// <summary>Whether two tokenizers give the same ids, by their tokens and by a set of texts that split in every way.</summary>
/// <param name="DifferentTokens">Ids that stand for different texts.</param>
/// <param name="FirstToken">The first of them, told; null when there is none.</param>
/// <param name="DifferentTexts">Texts that are cut into different ids.</param>
/// <param name="FirstText">The first of them, told; null when there is none.</param>
internal sealed record TokenizerComparison(int DifferentTokens, string? FirstToken, int DifferentTexts, string? FirstText)
{
    public bool IsEqual => DifferentTokens + DifferentTexts == 0;

    /// <summary>Compares two tokenizers, the first being the one that counts.</summary>
    /// <param name="right">The tokenizer that should be met.</param>
    /// <param name="other">The tokenizer that should meet it.</param>
    public static TokenizerComparison Of(ModelTokenizer right, ModelTokenizer other)
    {
        int tokens = 0, texts = 0;
        string? firstToken = null, firstText = null;
        for (int id = 0; id < right.VocabularySize; id++)
        {
            if (right.TokenText(id) == other.TokenText(id)) continue;
            tokens++;
            firstToken ??= $"id {id} is `{right.TokenText(id)}` in one and `{other.TokenText(id)}` in the other";
        }
        foreach (string text in ProbeTexts.For(right))
        {
            int[] expected = right.Encode(text), actual = other.Encode(text);
            if (expected.AsSpan().SequenceEqual(actual)) continue;
            texts++;
            firstText ??= $"`{text}` is [{Some(expected)}] in one and [{Some(actual)}] in the other";
        }
        return new(tokens, firstToken, texts, firstText);
    }

    private static string Some(int[] ids) => string.Join(' ', ids.Take(12)) + (ids.Length > 12 ? " …" : "");
}
