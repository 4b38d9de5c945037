namespace Distill.Pipelines.Report;

/// <summary>What the numbers say, in sentences made from the numbers and from nothing else.</summary>
internal static class Findings
{
    /// <summary>The result of the experiment, or nothing when there is no distilled student among the scores.</summary>
    public static IReadOnlyList<string> Of(ReportData data)
    {
        if (Best(data, ScoreRole.Distilled) is not { } distilled) return [];
        var sentences = new List<string>
        {
            $"The distilled student solves {Share(distilled)} of the {Figure.Count(distilled.Problems)} problems of “{distilled.Suite}” (95\u202F% interval {Figure.Interval(distilled.Low, distilled.High)}).",
        };
        if (Same(data, ScoreRole.AnswersOnly, distilled) is { } answers)
        {
            sentences.Add($"{Comparison(data)} solves {Share(answers)} ({Figure.Interval(answers.Low, answers.High)}).");
            if (answers.High >= distilled.Low && distilled.High >= answers.Low)
                sentences.Add("The two intervals overlap: this run does not show a difference between them.");
            else if (answers.PassAt1 > distilled.PassAt1)
                sentences.Add("Training on the reasoning did worse than training on the answers.");
        }
        if (Same(data, ScoreRole.Untrained, distilled) is { } untrained) sentences.Add($"Before training it solves {Share(untrained)}.");
        if (Same(data, ScoreRole.Teacher, distilled) is { } teacher) sentences.Add($"The teacher solves {Share(teacher)} ({Figure.Interval(teacher.Low, teacher.High)}).");
        return sentences;
    }

    /// <summary>How the exported files compare with the model they were made from.</summary>
    public static string? OfArtifacts(ReportData data)
    {
        if (Best(data, ScoreRole.Distilled) is not { } distilled) return null;
        ScoreRow[] scored = [.. data.Scores.Where(score => score.Role == ScoreRole.Artifact && score.Suite == distilled.Suite)];
        if (scored.Length == 0) return null;
        ScoreRow[] apart = [.. scored.Where(score => score.High < distilled.Low || score.Low > distilled.High)];
        return apart.Length == 0
            ? $"Every scored file is within the interval of the model it was exported from ({Figure.Percent(distilled.PassAt1)}); the scores are of the files themselves, read back."
            : $"Outside the interval of the model they were exported from ({Figure.Interval(distilled.Low, distilled.High)}): {string.Join(", ", apart.Select(score => score.Label))}.";
    }

    private static ScoreRow? Best(ReportData data, ScoreRole role) => data.Scores.FirstOrDefault(score => score.Role == role);

    private static ScoreRow? Same(ReportData data, ScoreRole role, ScoreRow other) =>
        data.Scores.FirstOrDefault(score => score.Role == role && score.Suite == other.Suite);

    private static string Share(ScoreRow score) => Figure.Percent(score.PassAt1);

    // Says "the same" only where the two trainings' own figures are the same.
    private static string Comparison(ReportData data)
    {
        LossCurve? distilled = data.Curves.FirstOrDefault(curve => curve.Role == ScoreRole.Distilled);
        LossCurve? answers = data.Curves.FirstOrDefault(curve => curve.Role == ScoreRole.AnswersOnly);
        if (distilled is not { Points.Count: > 0 } || answers is not { Points.Count: > 0 }) return "A student trained on answers alone";
        long steps = (long)distilled.Points[^1].Step, answerSteps = (long)answers.Points[^1].Step;
        string student = distilled.Student == answers.Student ? "The same student" : "A student";
        return steps == answerSteps ? $"{student} trained on answers alone for the same {Figure.Count(steps)} steps"
            : $"{student} trained on answers alone for {Figure.Count(answerSteps)} steps against {Figure.Count(steps)}";
    }
}
