using Distill.Chat;

namespace Distill.Inference;

/// <summary>One sequence of a batch that is being decoded.</summary>
internal sealed class GenerationRow
{
    public GenerationRow(int[] prompt, SamplingOptions sampling, int contextLength)
    {
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

    public void Append(int token, bool stops)
    {
        Tokens.Add(token);
        Stopped = stops;
    }
}
