using Distill.Chat;

namespace Distill.Inference;

/// <summary>One sequence of a batch that is being decoded.</summary>
internal sealed class GenerationRow
{
    private readonly ModelTokenizer _tokenizer;
    private readonly LogProbabilityCollector? _likeliest;

    public GenerationRow(int[] prompt, SamplingOptions sampling, int contextLength, ModelTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        TopLogProbabilities = Math.Min(sampling.TopLogProbabilities, tokenizer.VocabularySize);
        if (TopLogProbabilities > 0) _likeliest = new(tokenizer.VocabularyIdentity, TopLogProbabilities);
        Prompt = prompt;
        Sampler = new(sampling);
        MaxTokens = Math.Max(0, Math.Min(sampling.MaxTokens, contextLength - prompt.Length));
    }

    public int[] Prompt { get; }

    public Sampler Sampler { get; }

    /// <summary>Most tokens to produce; 0 when the prompt fills the context, which counts as truncated.</summary>
    public int MaxTokens { get; }

    /// <summary>What was produced, the stop token included.</summary>
    public List<int> Tokens { get; } = [];

    public bool Stopped { get; private set; }

    public bool Finished => Stopped || Tokens.Count >= MaxTokens;

    /// <summary>The token to feed next; rows that wait for the batch to shrink repeat their last one.</summary>
    public int LastToken => Tokens[^1];

    /// <summary>Likeliest tokens to keep with each token.</summary>
    public int TopLogProbabilities { get; }

    /// <summary>What was likely at each token, or null when nobody asked.</summary>
    public TopLogProbabilities? Likeliest => _likeliest?.Finish();

    /// <summary>Draws the next token.</summary>
    /// <param name="logits">One row, <c>[vocabulary]</c>.</param>
    /// <param name="stopTokens">Tokens that end the completion.</param>
    public int Draw(ReadOnlySpan<float> logits, IReadOnlySet<int> stopTokens)
    {
        int token = Sampler.Draw(logits);
        _likeliest?.Add(token, LikeliestTokens.Of(logits, _tokenizer.VocabularySize, TopLogProbabilities));
        Tokens.Add(token);
        Stopped = stopTokens.Contains(token);
        return token;
    }
}
