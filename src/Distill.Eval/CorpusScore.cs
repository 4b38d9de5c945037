namespace Distill.Eval;

/// <summary>How close a quantised model stays to the one it was made from, on one text.</summary>
public sealed record CorpusScore
{
    /// <summary>Name of the text.</summary>
    public required string Name { get; init; }

    /// <summary>Tokens that were predicted.</summary>
    public required int Positions { get; init; }

    /// <summary>Perplexity of the quantised model.</summary>
    public required double Perplexity { get; init; }

    /// <summary>Perplexity of the unquantised model on the same tokens.</summary>
    public required double ReferencePerplexity { get; init; }

    /// <summary>Mean Kullback-Leibler divergence of the next-token distributions from the unquantised model's, in nats.</summary>
    public required double Divergence { get; init; }

    /// <summary>Standard error of the mean.</summary>
    public required double DivergenceStandardError { get; init; }

    /// <summary>Divergence that 99.9 % of the positions stay within.</summary>
    public required double Divergence999 { get; init; }

    /// <summary>Largest divergence.</summary>
    public required double DivergenceMax { get; init; }

    /// <summary>Share of positions at which both models find the same token likeliest.</summary>
    public required double SameTop { get; init; }

    /// <summary>Its standard error.</summary>
    public required double SameTopStandardError { get; init; }
}

/// <summary>One quantised file, measured.</summary>
public sealed record QuantizationScore
{
    /// <summary>File name.</summary>
    public required string File { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bits per weight, all tensors together.</summary>
    public required double BitsPerWeight { get; init; }

    /// <summary>Figures on each text.</summary>
    public required IReadOnlyList<CorpusScore> Texts { get; init; }

    /// <summary>Scores on each suite; truncation rates among them.</summary>
    public required IReadOnlyList<SuiteScore> Suites { get; init; }
}
