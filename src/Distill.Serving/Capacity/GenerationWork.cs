namespace Distill.Serving;

/// <summary>What a run of <c>teacher-gen</c> has to produce, and what follows from it at a measured speed.</summary>
/// <param name="Prompts">Prompts.</param>
/// <param name="Samples">Rollouts for each.</param>
/// <param name="MeanTokens">Mean tokens of a completion.</param>
public sealed record GenerationWork(long Prompts, int Samples, double MeanTokens)
{
    /// <summary>Share of time in which a fleet works at its measured speed: starts, restarts and gaps take the rest.</summary>
    public const double Utilization = 0.85;

    /// <summary>Share of a cache that running requests fill before an engine begins to put some off.</summary>
    public const double CacheFill = 0.9;

    /// <summary>Seconds a token of the last few requests takes, when nothing competes with them. Source: DeepSeek's 20 to 22 tokens a second for each user.</summary>
    public const double SecondsPerTokenAlone = 0.05;

    /// <summary>Share of tokens in retries and in rollouts that were cut or looped, as a run starts to count on.</summary>
    public const double UsualWaste = 0.08;

    /// <summary>Mean tokens of a prompt.</summary>
    public double PromptTokens { get; init; } = 200;

    /// <summary>Standard deviation of the tokens of a completion; null takes them as spread like waiting times, whose deviation is their mean.</summary>
    public double? DeviationTokens { get; init; }

    /// <summary>Most tokens of a completion.</summary>
    public int MaxTokens { get; init; } = 32_768;

    /// <summary>Share of tokens that come to nothing, added to the useful ones.</summary>
    public double Waste { get; init; } = UsualWaste;

    /// <summary>Rollouts.</summary>
    public long Rollouts => Prompts * Samples;

    /// <summary>Tokens of completions, waste included: N k mean(L) (1 + w).</summary>
    public double Tokens => Rollouts * MeanTokens * (1 + Waste);

    /// <summary>
    /// Tokens that a running request keeps in the cache on average: P + E[L²] / 2E[L]. Long requests are met more often than short
    /// ones at any moment, and each is met half-way.
    /// </summary>
    public double ResidentTokens
    {
        get
        {
            double deviation = DeviationTokens ?? MeanTokens;
            return PromptTokens + (((deviation * deviation) + (MeanTokens * MeanTokens)) / (2 * MeanTokens));
        }
    }

    /// <summary>Requests that run at once in a cache of that many tokens: 0.9 KV / R.</summary>
    public double RunningRequests(long kvTokens) => CacheFill * kvTokens / ResidentTokens;

    /// <summary>Hours of the run: all tokens at the measured speed, and a tail in which the last long request runs alone.</summary>
    /// <param name="tokensPerSecond">Measured tokens of completions a second, all replicas together.</param>
    public double Hours(double tokensPerSecond) => (Tokens / (tokensPerSecond * Utilization * 3600)) + (MaxTokens * SecondsPerTokenAlone / 3600);

    /// <summary>Prompts of which at least one rollout is accepted: N (1 − (1 − a)^k).</summary>
    /// <param name="acceptance">Share of rollouts that are accepted.</param>
    public double AcceptedPrompts(double acceptance) => Prompts * (1 - Math.Pow(1 - acceptance, Samples));

    /// <summary>Days that one machine of eight accelerators would need at a speed, without pause: for comparing speeds.</summary>
    /// <param name="tokensPerSecondPerGpu">Tokens of completions a second on one accelerator.</param>
    public double NodeDays(double tokensPerSecondPerGpu) => Tokens / (tokensPerSecondPerGpu * 8 * 86_400);
}
