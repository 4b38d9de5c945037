using System.Security.Cryptography;
using System.Text;
using Distill.Runs;

namespace Distill.Export.Gguf;

/// <summary>
/// Names llama.cpp's pre-tokenizers by the <c>Split</c> patterns of <c>tokenizer.json</c>. A wrong name would split text
/// differently without any error, so unknown patterns are refused.
/// </summary>
internal static class PreTokenizers
{
    private const string DeepSeekV3Words =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // SHA-256 of the concatenated patterns. R1's Qwen students are `qwen2` too: `deepseek-r1-qwen` behaves the same and older runtimes refuse it.
    private static readonly Dictionary<string, string> ByPatternHash = new(StringComparer.Ordinal)
    {
        ["1ff7f41064896984db5d1bb6ff64fa4bc29007d08c1b439e505b7392777a319e"] = "qwen2",
        ["d98f9631be1e9607a9848c26c1f9eac1aa9fc21ac6ba82a2fc0741af9780a48f"] = "llama-bpe",
    };

    /// <summary>Name for <c>tokenizer.ggml.pre</c>.</summary>
    /// <exception cref="InputException">No runtime knows these patterns.</exception>
    public static string Name(TokenizerFiles tokenizer)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(tokenizer.SplitPatterns))));
        if (ByPatternHash.TryGetValue(hash, out string? name)) return name;
        if (IsDeepSeekV3(tokenizer.SplitPatterns)) return "deepseek-v3";
        throw new InputException($"{tokenizer.Path}: llama.cpp has no pre-tokenizer for its split patterns (SHA-256 {hash[..12]}…)",
            "known: those of Qwen2/2.5/3, Llama 3 and DeepSeek-V3; train the student with one of these tokenizers");
    }

    // Digits by threes, then runs of Chinese and Japanese, then words. Line ends are written as escapes or as themselves.
    private static bool IsDeepSeekV3(IReadOnlyList<string> patterns) =>
        patterns.Count == 3 && patterns[0] == @"\p{N}{1,3}" && patterns[1] == "[一-龥぀-ゟ゠-ヿ]+"
        && patterns[2].Replace("\r", @"\r").Replace("\n", @"\n") == DeepSeekV3Words;
}
