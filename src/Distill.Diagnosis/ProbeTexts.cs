using Distill.Chat;

namespace Distill.Diagnosis;

/// <summary>Texts on which tokenizers differ when their split patterns, merges or added tokens do.</summary>
internal static class ProbeTexts
{
    private static readonly string[] Varied =
    [
        "Compute 12 + 345 = 357, then 1234567890 and 3.14159.", "I'll say it's what they'd've done, isn't it? WE'LL SEE", "for (int i = 0; i < n; i++) {\n\tsum += a[i];\r\n}\n\n\n",
        "def f(x):\n    return x**2  # comment\n", @"\boxed{\frac{1}{2}} \text{ and } $\sum_{i=1}^{n} x_i^2$", "   leading, trailing   and\t\ttabs  \n \n  ", "你好，世界。三十六乘以七等于二百五十二", "カタカナとひらがな、漢字",
        "Größe naïve café e\u0301 n\u0303 \u1E9B\u0323", "👩‍👩‍👧‍👦 🇩🇪 🤖🏽 ∀x∈ℝ: ⌈x⌉ ≠ ½", "العربية עברית हिन्दी ไทย", "a\u00A0b\u200Bc\u2028d\u3000e", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "http://example.com/a?b=c&d=%20#e", "<|im_start|> <|eot_id|> <｜User｜> <think >", "0000111122223333 1 22 333 4444", "!!!???...,,,;;;---___***", "\n", " ", "",
    ];

    /// <summary>The texts for a tokenizer: the varied ones, and each added token alone, between words and glued to them.</summary>
    public static IEnumerable<string> For(ModelTokenizer tokenizer) => Varied
        .Concat(tokenizer.Definition.AddedTokens.Take(200).SelectMany(token => new[] { token.Content, $"so {token.Content} it", $"x{token.Content}\ny" }))
        .Append(string.Concat(tokenizer.Definition.AddedTokens.Take(50).Select(token => token.Content)));
}
