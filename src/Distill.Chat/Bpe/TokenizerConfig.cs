namespace Distill.Chat;

/// <summary>What tokenizer_config.json says beside the vocabulary.</summary>
public sealed record TokenizerConfig
{
    /// <summary>Text of the beginning-of-sequence token.</summary>
    public string? BosToken { get; init; }

    /// <summary>Text of the end-of-sequence token.</summary>
    public string? EosToken { get; init; }

    /// <summary>Text of the padding token.</summary>
    public string? PadToken { get; init; }

    /// <summary>Text of the unknown token.</summary>
    public string? UnkToken { get; init; }

    /// <summary>Whether tokenizing for the model puts the beginning-of-sequence token in front; null where the file does not say.</summary>
    public bool? AddBosToken { get; init; }

    /// <summary>Whether tokenizing for the model appends the end-of-sequence token; null where the file does not say.</summary>
    public bool? AddEosToken { get; init; }

    /// <summary>Most tokens that the model accepts; null where the file does not say or says "unlimited".</summary>
    public long? ModelMaxLength { get; init; }

    /// <summary>Name of the tokenizer class in Hugging Face transformers.</summary>
    public string TokenizerClass { get; init; } = "PreTrainedTokenizerFast";

    /// <summary>Chat template (Jinja source).</summary>
    public string? ChatTemplate { get; init; }
}
