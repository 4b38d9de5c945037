using Distill.Chat;
using Distill.Verification;

namespace Distill.Eval;

/// <summary>Judges the completions of one suite and keeps the counts; no text is held.</summary>
internal sealed class SuiteTally(EvaluationPlan plan, IVerifier verifier)
{
    private readonly int[] correct = new int[plan.Problems.Count];
    private readonly int[] tokens = new int[plan.Count];
    private int completions, truncated, withoutAnswer;

    /// <summary>Share of right completions among those that are there.</summary>
    public double CorrectSoFar => completions == 0 ? 0 : (double)correct.Sum() / completions;

    /// <summary>Tokens of the completions that are there.</summary>
    public long Tokens { get; private set; }

    public void Add(int index, Completion completion)
    {
        Verdict verdict = verifier.Verify(plan.ProblemOf(index), completion);
        completions++;
        if (verdict.Outcome == Outcome.Correct) correct[index / plan.Suite.Samples]++;
        if (completion.FinishReason == FinishReason.Length) truncated++;
        if (verdict.ExtractedAnswer is null) withoutAnswer++;
        tokens[index] = completion.CompletionTokens;
        Tokens += completion.CompletionTokens;
    }

    public SuiteScore Score(double seconds)
    {
        EvalSuite suite = plan.Suite;
        int[] sorted = [.. tokens.Order()];
        return new SuiteScore
        {
            Suite = suite.Name,
            Version = suite.Version,
            ProblemsFingerprint = plan.ProblemsFingerprint,
            Problems = plan.Problems.Count,
            Samples = suite.Samples,
            Temperature = suite.Temperature,
            TopP = suite.TopP,
            MaxTokens = suite.MaxTokens,
            Verifier = verifier.Id,
            PassAt1 = PassRate.Of(correct, suite.Samples),
            PassAt = new(suite.PassAt.ToDictionary(k => k, k => PassAtK.Mean(correct, suite.Samples, k))),
            TruncationRate = (double)truncated / plan.Count,
            NoAnswerRate = (double)withoutAnswer / plan.Count,
            MeanTokens = sorted.Average(),
            MedianTokens = Percentile(sorted, 0.5),
            P95Tokens = Percentile(sorted, 0.95),
            CompletionTokens = Tokens,
            Seconds = Math.Round(seconds, 3),
        };
    }

    // Linear between the two nearest ranks.
    private static double Percentile(int[] sorted, double share)
    {
        double rank = share * (sorted.Length - 1);
        int below = (int)rank, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }
}
