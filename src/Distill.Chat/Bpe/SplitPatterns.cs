namespace Distill.Chat;

/// <summary>The split patterns of the model families, letter for letter as their tokenizer.json has them.</summary>
public static class SplitPatterns
{
    /// <summary>GPT-2; what a <c>ByteLevel</c> pre-tokenizer with <c>use_regex</c> applies.</summary>
    public const string Gpt2 =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Qwen2, Qwen2.5, Qwen3, QwQ, DeepSeek-R1-Distill-Qwen: every digit is a piece of its own.</summary>
    public const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3 to 3.3 and DeepSeek-R1-Distill-Llama: digits in groups of up to three.</summary>
    public const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>DeepSeek-V3 and R1, first of three: digits in groups of up to three.</summary>
    public const string DeepSeekV3Digits = @"\p{N}{1,3}";

    /// <summary>DeepSeek-V3 and R1, second of three: runs of Han and kana.</summary>
    public const string DeepSeekV3Ideographs = "[一-龥\u3040-ゟ゠-ヿ]+";

    /// <summary>DeepSeek-V3 and R1, third of three: words, punctuation, whitespace.</summary>
    public const string DeepSeekV3Words =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    /// <summary>The three patterns of DeepSeek-V3 and R1 in the order in which they apply.</summary>
    public static IReadOnlyList<SplitPattern> DeepSeekV3 { get; } =
        [new(DeepSeekV3Digits), new(DeepSeekV3Ideographs), new(DeepSeekV3Words)];
}
