namespace Distill.Curation.Lint;

/// <summary>What is wrong with a data set.</summary>
public sealed record LintReport
{
    /// <summary>The data set.</summary>
    public required string Set { get; init; }

    /// <summary>Completions looked at; a row with several counts once for each.</summary>
    public required long Rows { get; init; }

    /// <summary>Different prompts.</summary>
    public required int Prompts { get; init; }

    /// <summary>Completions that have reasoning.</summary>
    public required long RowsWithReasoning { get; init; }

    /// <summary>Completions whose answer a verifier could compare with the reference answer.</summary>
    public required long RowsJudged { get; init; }

    /// <summary>Everything that was found, problems first, the most frequent first.</summary>
    public required IReadOnlyList<LintFinding> Findings { get; init; }

    /// <summary>What was found of each evaluation set.</summary>
    public IReadOnlyList<BenchmarkOutcome> Benchmarks { get; init; } = [];

    /// <summary>Whether anything is a problem, not only a note.</summary>
    public bool HasProblems => Findings.Any(finding => finding.IsProblem);
}

/// <summary>One thing that was found.</summary>
/// <param name="Check">What was looked for, e.g. <c>truncated</c>.</param>
/// <param name="IsProblem">Whether it spoils training; else it is a note that may be as it should.</param>
/// <param name="Meaning">What it means, in a few words.</param>
/// <param name="Rows">Completions in which it was found.</param>
/// <param name="Share">Their share, 0 to 1.</param>
/// <param name="Examples">The first of them.</param>
public sealed record LintFinding(string Check, bool IsProblem, string Meaning, long Rows, double Share, IReadOnlyList<LintExample> Examples);

/// <summary>A completion in which something was found.</summary>
/// <param name="Row">Its number in the set, from 1.</param>
/// <param name="Id">Its id, or a hash of its content.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Prompt">The beginning of its prompt.</param>
public sealed record LintExample(long Row, string Id, string Detail, string Prompt);
