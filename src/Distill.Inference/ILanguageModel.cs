namespace Distill.Inference;

/// <summary>A model that gives next-token logits, whatever computes them (TorchSharp, ONNX Runtime).</summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>Width of the logits.</summary>
    int VocabularySize { get; }

    /// <summary>Most tokens a sequence may have, prompt included.</summary>
    int ContextLength { get; }

    /// <summary>Starts decoding a batch; <paramref name="maxTokens"/> is the longest any sequence will get, prompt included.</summary>
    IDecodingSession StartSession(int maxTokens);
}

/// <summary>One batch being decoded, with its KV cache.</summary>
public interface IDecodingSession : IDisposable
{
    /// <summary>
    /// Reads the prompts, which may differ in length, and writes the logits after each one's last token
    /// to <paramref name="logits"/>, <c>[batch, vocabulary]</c>.
    /// </summary>
    void Prefill(IReadOnlyList<int[]> prompts, Span<float> logits);

    /// <summary>Appends one token to each sequence and writes the next logits, <c>[batch, vocabulary]</c>.</summary>
    void Step(ReadOnlySpan<int> tokens, Span<float> logits);

    /// <summary>Goes on with these rows of the batch only, in this order.</summary>
    void Keep(ReadOnlySpan<int> rows);
}
