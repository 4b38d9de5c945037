namespace Distill.Chat;

/// <summary>Unicode normalization applied before splitting.</summary>
public enum TextNormalization
{
    /// <summary>The text stays as it is.</summary>
    None,

    /// <summary>Canonical composition (Unicode Standard Annex 15), as Qwen asks for.</summary>
    Nfc,
}

/// <summary>Two neighbouring tokens that become one, in byte-alphabet form.</summary>
/// <param name="Left">The first.</param>
/// <param name="Right">The second.</param>
public readonly record struct TokenMerge(string Left, string Right);

/// <summary>
/// Everything that a byte-level byte-pair tokenizer is, independent of the file it came from
/// (tokenizer.json or the metadata of a GGUF file).
/// </summary>
public sealed record TokenizerDefinition
{
    /// <summary>
    /// Base vocabulary in byte-alphabet form (<see cref="ByteAlphabet"/>); the index is the id.
    /// Null where the base vocabulary has no entry.
    /// </summary>
    public required IReadOnlyList<string?> Tokens { get; init; }

    /// <summary>Merges, the ones that apply first in front.</summary>
    public required IReadOnlyList<TokenMerge> Merges { get; init; }

    /// <summary>Tokens recognised in the text itself. Their ids may lie inside or behind <see cref="Tokens"/>.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>How text is cut into pieces, in the order in which the patterns apply.</summary>
    public required IReadOnlyList<SplitPattern> SplitPatterns { get; init; }

    /// <summary>Normalization before splitting.</summary>
    public TextNormalization Normalization { get; init; }

    /// <summary>Whether a piece that is a token of the vocabulary is taken whole, without merging (Llama 3).</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Whether every text that does not start with a space gets one in front.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>The model's <c>byte_fallback</c> flag; a byte-level vocabulary knows every byte, so it changes nothing here.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Tokens (by text) that the post-processor's template puts in front of a text when special tokens are asked for.</summary>
    public IReadOnlyList<string> TemplatePrefix { get; init; } = [];

    /// <summary>Tokens (by text) that the post-processor's template puts behind a text when special tokens are asked for.</summary>
    public IReadOnlyList<string> TemplateSuffix { get; init; } = [];
}
