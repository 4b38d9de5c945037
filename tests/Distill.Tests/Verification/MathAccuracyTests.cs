using System.Globalization;
using Distill.Verification;
using Xunit;

namespace Distill.Tests.Verification;

/// <summary>The verifier against pairs whose labels follow from how they were made.</summary>
public sealed class MathAccuracyTests(ITestOutputHelper output)
{
    private static readonly MathVerifier Verifier = new();

    [Fact]
    public void EveryKindOfAnswerIsJudgedRight()
    {
        IReadOnlyList<LabelledPair> pairs = LabelledPairs.All();
        var mistakes = new List<string>();
        var kinds = new SortedDictionary<string, (int Pairs, int Accepted, int Rejected)>(StringComparer.Ordinal);
        foreach (LabelledPair pair in pairs)
        {
            Verdict verdict = Verifier.Verify(pair.Gold, pair.Given);
            (int count, int accepted, int rejected) = kinds.GetValueOrDefault(pair.Kind);
            bool correct = verdict.Outcome == Outcome.Correct;
            if (correct && !pair.IsCorrect) accepted++;
            if (!correct && pair.IsCorrect) rejected++;
            if (correct != pair.IsCorrect) mistakes.Add($"{(correct ? "accepts" : "rejects")} [{pair.Kind}] {pair.Gold} ~ {pair.Given.ReplaceLineEndings(" ")}: {verdict.Reason} ({verdict.ExtractedAnswer})");
            kinds[pair.Kind] = (count + 1, accepted, rejected);
        }
        foreach ((string kind, (int count, int accepted, int rejected)) in kinds)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind,-24}{count,6} pairs {accepted,4} wrongly accepted {rejected,4} wrongly rejected {100.0 * (count - accepted - rejected) / count,7:f1} %"));
        foreach (string mistake in mistakes) output.WriteLine(mistake);
        Assert.True(pairs.Count >= 3000 && kinds.Count >= 50, $"{pairs.Count} pairs of {kinds.Count} kinds");
        Assert.Empty(mistakes);
    }

    [Fact]
    public void VerdictsDoNotDependOnThreadsOrOrder()
    {
        LabelledPair[] pairs = [.. LabelledPairs.All().Where((_, i) => i % 7 == 0)];
        Verdict[] alone = Array.ConvertAll(pairs, pair => Verifier.Verify(pair.Gold, pair.Given));
        var together = new Verdict[pairs.Length];
        Parallel.For(0, pairs.Length, i => together[pairs.Length - 1 - i] = Verifier.Verify(pairs[pairs.Length - 1 - i].Gold, pairs[pairs.Length - 1 - i].Given));
        Assert.Equal(alone, together);
    }
}
