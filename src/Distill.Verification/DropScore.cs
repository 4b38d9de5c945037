using System.Buffers;
using System.Globalization;

namespace Distill.Verification;

/// <summary>
/// Exact match and F1 of a predicted answer as DROP scores them: spans are bags of normalised words, aligned one to one for the best sum, and
/// a span whose numbers are all missed scores 0. Source: Dua et al., "DROP: A Reading Comprehension Benchmark Requiring Discrete Reasoning Over
/// Paragraphs", 2019, section 5.
/// </summary>
/// <param name="ExactMatch">Whether the spans are the same, in any order.</param>
/// <param name="F1">Mean F1 of the aligned spans, from 0 to 1, to two places.</param>
public readonly record struct DropScore(bool ExactMatch, double F1)
{
    private const int MostSpans = 64, LongestSpan = 4096;

    private static readonly SearchValues<char> Punctuation = SearchValues.Create("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

    /// <summary>The best score over several reference answers.</summary>
    /// <param name="references">Reference answers, each of one or more spans.</param>
    /// <param name="predicted">The predicted spans.</param>
    public static DropScore Best(IEnumerable<IReadOnlyList<string>> references, IReadOnlyList<string> predicted) =>
        references.Select(reference => Of(reference, predicted)).DefaultIfEmpty().MaxBy(score => (score.ExactMatch, score.F1));

    /// <summary>The score against one reference answer.</summary>
    public static DropScore Of(IReadOnlyList<string> reference, IReadOnlyList<string> predicted)
    {
        string[] gold = Normalized(reference), given = Normalized(predicted);
        HashSet<string>[] goldBags = [.. gold.Select(Bag)], givenBags = [.. given.Select(Bag)];
        if (goldBags.Length == 0 || givenBags.Length == 0) return default;
        bool exact = gold.Length == given.Length && gold.ToHashSet().SetEquals(given);
        double[,] scores = new double[goldBags.Length, givenBags.Length];
        for (int i = 0; i < goldBags.Length; i++)
            for (int j = 0; j < givenBags.Length; j++)
                scores[i, j] = ShareNumbers(goldBags[i], givenBags[j]) ? F1Of(goldBags[i], givenBags[j]) : 0;
        double mean = Assignment.BestSum(scores) / Math.Max(goldBags.Length, givenBags.Length);
        return new DropScore(exact, Math.Round(mean, 2));
    }

    private static string[] Normalized(IReadOnlyList<string> spans) => [.. spans.Take(MostSpans).Select(Normalize)];

    /// <summary>A span without case, punctuation and articles, its numbers in one form, its words single spaced.</summary>
    internal static string Normalize(string span)
    {
        if (span.Length > LongestSpan) span = span[..LongestSpan];
        IEnumerable<string> words = span.Split(' ', '-').Select(Word).Where(word => word.Length > 0);
        return string.Join(' ', words);
    }

    private static string Word(string raw)
    {
        string word = raw.ToLowerInvariant().Trim();
        if (NumberOf(word) is null) word = string.Concat(word.Where(c => !Punctuation.Contains(c)));
        if (NumberOf(word) is { } number) word = number.ToString("R", CultureInfo.InvariantCulture);
        return string.Join(' ', word.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(part => part is not ("a" or "an" or "the")));
    }

    private static double? NumberOf(string word) =>
        double.TryParse(word, NumberStyles.Float & ~NumberStyles.AllowTrailingSign, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    private static HashSet<string> Bag(string normalized) => [.. normalized.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static bool ShareNumbers(HashSet<string> gold, HashSet<string> given)
    {
        string[] numbers = [.. gold.Where(word => NumberOf(word) is not null)];
        return numbers.Length == 0 || numbers.Any(given.Contains);
    }

    private static double F1Of(HashSet<string> gold, HashSet<string> given)
    {
        int common = gold.Count(given.Contains);
        double precision = given.Count == 0 ? 1 : (double)common / given.Count, recall = gold.Count == 0 ? 1 : (double)common / gold.Count;
        return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }
}
