using Distill.Verification;

namespace Distill.Rescoring;

/// <summary>The columns that are added, and what stands in them.</summary>
/// <param name="Names">Their names, in order.</param>
internal sealed record VerdictColumns(IReadOnlyList<string> Names)
{
    private const int RuleColumns = 4;

    /// <summary>The columns for a kind of input.</summary>
    /// <param name="isTraceFile">Whether the rows are our own traces, whose columns have names of their own.</param>
    /// <param name="prefix">Stands before the names elsewhere.</param>
    /// <param name="judged">Whether a judge adds its own.</param>
    public static VerdictColumns For(bool isTraceFile, string prefix, bool judged)
    {
        string[] names = isTraceFile ? ["verdict", "verdict_reason", "extracted_answer", "verifier", "judge_verdict", "judge_reason", "judge"]
            : [.. new[] { "verdict", "reason", "extracted", "verifier", "judge_verdict", "judge_reason", "judge" }.Select(name => prefix + name)];
        return new VerdictColumns(judged ? names : names[..RuleColumns]);
    }

    /// <summary>The column that says which verifier gave the verdict; where it is there already, the others are ours too.</summary>
    public string Mark => Names[RuleColumns - 1];

    /// <summary>One value for each column.</summary>
    public IReadOnlyList<string?> Values(Verdict? rule, Verdict? judge)
    {
        string?[] values = [Word(rule), rule?.Reason, rule?.ExtractedAnswer, rule?.Verifier, Word(judge), judge?.Reason, judge?.Verifier];
        return values[..Names.Count];
    }

    private static string? Word(Verdict? verdict) => verdict?.Outcome.ToString().ToLowerInvariant();
}
