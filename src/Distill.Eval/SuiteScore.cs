namespace Distill.Eval;

/// <summary>How a model did on one suite.</summary>
public sealed record SuiteScore
{
    /// <summary>Name of the suite.</summary>
    public required string Suite { get; init; }

    /// <summary>Version of the suite; scores of different versions are not comparable.</summary>
    public required int Version { get; init; }

    /// <summary>Content hash of the problems and their reference answers.</summary>
    public required string ProblemsFingerprint { get; init; }

    /// <summary>Problems.</summary>
    public required int Problems { get; init; }

    /// <summary>Samples of each problem.</summary>
    public required int Samples { get; init; }

    /// <summary>Temperature of sampling.</summary>
    public required double Temperature { get; init; }

    /// <summary>Nucleus of sampling.</summary>
    public required double TopP { get; init; }

    /// <summary>Most tokens of one completion.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Verifier and its version, e.g. <c>math/4</c>.</summary>
    public required string Verifier { get; init; }

    /// <summary>pass@1 with its interval: the mean over problems of the share of right samples, never the best of several.</summary>
    public required PassRate PassAt1 { get; init; }

    /// <summary>Each pass@k that the suite asks for, by k.</summary>
    public required SortedDictionary<int, double> PassAt { get; init; }

    /// <summary>Share of completions cut off by the token limit. They count as wrong.</summary>
    public required double TruncationRate { get; init; }

    /// <summary>Share of completions in which no final answer was found. They count as wrong.</summary>
    public required double NoAnswerRate { get; init; }

    /// <summary>Mean tokens of a completion.</summary>
    public required double MeanTokens { get; init; }

    /// <summary>Median tokens of a completion.</summary>
    public required double MedianTokens { get; init; }

    /// <summary>Tokens that 95 % of the completions stay within.</summary>
    public required double P95Tokens { get; init; }

    /// <summary>Tokens of all completions.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>Seconds of computing, over all attempts.</summary>
    public required double Seconds { get; init; }

    /// <summary>Completion tokens a second over the whole suite, reading the prompts included.</summary>
    public double TokensPerSecond => Seconds > 0 ? Math.Round(CompletionTokens / Seconds, 1) : 0;
}
