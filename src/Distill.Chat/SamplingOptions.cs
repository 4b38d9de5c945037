namespace Distill.Chat;

/// <summary>How tokens are drawn.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token every time.</summary>
    public double Temperature { get; init; } = 0.6;

    /// <summary>Keeps the smallest set of likeliest tokens whose probability reaches this; 1 keeps all.</summary>
    public double TopP { get; init; } = 0.95;

    /// <summary>Keeps this many likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Most tokens to produce.</summary>
    public int MaxTokens { get; init; } = 32768;

    /// <summary>Likeliest tokens whose log-probabilities are kept with each token; 0 keeps none. Changes nothing in what is drawn.</summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>Seed of this completion's random numbers.</summary>
    public long Seed { get; init; }
}
