using Distill.Chat;
using Distill.Weights;

namespace Distill.Inference;

/// <summary>
/// Where a completion of a GGUF model ends. A file has room for one end-of-sequence token, where a model folder lists several; llama.cpp
/// makes up for it by ending at certain texts, too.
/// </summary>
public static class GgufStopTokens
{
    /// <summary>Texts that llama.cpp takes for the end of a completion wherever it finds them among the tokens.</summary>
    public static IReadOnlySet<string> KnownTexts { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<EOT>", "_<EOT>", "<｜end▁of▁sentence｜>", "<end_of_utterance>", "<|eom_id|>", "<|end_of_text|>", "</s>", "<|return|>", "<|call|>",
    };

    /// <summary>The tokens that a file names, and those of its added tokens that have such a text.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="tokenizer">The file's tokenizer.</param>
    public static IReadOnlyList<int> Of(GgufMetadata metadata, ModelTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(tokenizer);
        IEnumerable<int> named = new[] { "eos", "eot", "eom" }.Select(role => metadata.FindCount($"tokenizer.ggml.{role}_token_id")).OfType<int>();
        return [.. named.Union(tokenizer.Definition.AddedTokens.Where(token => KnownTexts.Contains(token.Content)).Select(token => token.Id))];
    }
}
