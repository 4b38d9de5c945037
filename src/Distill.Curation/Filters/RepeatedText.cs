using System.Text;
using Distill.Chat;
using Distill.Curation.Text;

namespace Distill.Curation.Filters;

/// <summary>Completions that run in circles: twenty words in a row that come five times, or an end that repeats itself (<see cref="Repetition"/>).</summary>
internal static class RepeatedText
{
    private const int Words = 20, Times = 5;
    private const int LongestExcerpt = 60;
    private const ulong Base = 0x9E3779B97F4A7C15;

    /// <summary>The part that is repeated, or null.</summary>
    public static string? Find(string text) =>
        Repetition.EndsInLoop(Encoding.UTF8.GetBytes(text)) ? $"…{text[^Math.Min(LongestExcerpt, text.Length)..]}" : Anywhere(text);

    // Windows of words by a rolling hash; one that overlaps the last of its kind is not counted again.
    private static string? Anywhere(string text)
    {
        var words = new List<(ulong Hash, int Start, int End)>(text.Length / 5);
        foreach (Range range in text.AsSpan().SplitAny(' ', '\n', '\t', '\r'))
        {
            (int start, int length) = range.GetOffsetAndLength(text.Length);
            if (length > 0) words.Add((StableHash.Of(text.AsSpan(start, length)), start, start + length));
        }
        if (words.Count < Words * Times) return null;
        ulong leading = 1;
        for (int i = 1; i < Words; i++) leading *= Base;
        var seen = new Dictionary<ulong, (int Last, int Count)>(words.Count);
        ulong hash = 0;
        for (int i = 0; i < words.Count; i++)
        {
            if (i >= Words) hash -= words[i - Words].Hash * leading;
            hash = (hash * Base) + words[i].Hash;
            if (i < Words - 1) continue;
            ref (int Last, int Count) entry = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(seen, hash, out bool known);
            if (known && i - entry.Last < Words) continue;
            entry = (i, entry.Count + 1);
            if (entry.Count == Times) return text[words[i - Words + 1].Start..words[i].End];
        }
        return null;
    }
}
