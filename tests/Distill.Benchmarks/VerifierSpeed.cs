using System.Diagnostics;
using System.Globalization;
using Distill.Tests.Verification;
using Distill.Verification;

namespace Distill.Benchmarks;

/// <summary>
/// How fast and how right the maths verifier is on the labelled pairs of the tests, on one core. The peer is Math-Verify 0.8.0, which was
/// measured at 49 pairs per CPU second at best (32 on a loaded machine), 4.9 ms at the median and 146 ms at the 99th percentile.
/// </summary>
internal sealed class VerifierSpeed : IMeasurement
{
    private const double PeerPairsPerSecond = 49;

    public string Name => "verifier";

    public string Summary => "maths verifier: pairs per CPU second, latency and accuracy by kind, against Math-Verify's published 49 pairs/s";

    public Task RunAsync(string[] arguments)
    {
        LabelledPair[] pairs = [.. LabelledPairs.All()];
        var verifier = new MathVerifier();
        for (int warm = 0; warm < 3; warm++)
            foreach (LabelledPair pair in pairs) verifier.Verify(pair.Gold, pair.Given);

        double[] best = new double[pairs.Length];
        Array.Fill(best, double.MaxValue);
        var kinds = new SortedDictionary<string, (int Pairs, int Right)>(StringComparer.Ordinal);
        const int rounds = 3;
        TimeSpan start = Process.GetCurrentProcess().TotalProcessorTime;
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < pairs.Length; i++)
            {
                long at = Stopwatch.GetTimestamp();
                Verdict verdict = verifier.Verify(pairs[i].Gold, pairs[i].Given);
                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(at).TotalMicroseconds);
                if (round > 0) continue;
                (int count, int right) = kinds.GetValueOrDefault(pairs[i].Kind);
                kinds[pairs[i].Kind] = (count + 1, right + (verdict.Outcome == Outcome.Correct == pairs[i].IsCorrect ? 1 : 0));
            }
        }
        double seconds = (Process.GetCurrentProcess().TotalProcessorTime - start).TotalSeconds;
        Print(pairs, best, kinds, rounds * pairs.Length / seconds);
        return Task.CompletedTask;
    }

    private static void Print(LabelledPair[] pairs, double[] best, SortedDictionary<string, (int Pairs, int Right)> kinds, double perSecond)
    {
        foreach ((string kind, (int count, int right)) in kinds) Line($"{kind,-24}{count,6} pairs {100.0 * right / count,7:f2} %");
        double[] sorted = [.. best.Order()];
        Line($"{pairs.Length} pairs of {kinds.Count} kinds, {100.0 * kinds.Values.Sum(kind => kind.Right) / pairs.Length:f2} % right");
        Line($"{perSecond:n0} pairs per CPU second, {perSecond / PeerPairsPerSecond:n0} times Math-Verify's; median {sorted[sorted.Length / 2]:f1} us, p99 {sorted[(int)(sorted.Length * 0.99)]:f0} us (best of 3)");
        foreach (int i in Enumerable.Range(0, pairs.Length).OrderByDescending(i => best[i]).Take(10))
            Line($"  {best[i],8:f0} us  {pairs[i].Gold} ~ {pairs[i].Given.ReplaceLineEndings(" ")}");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
