using Distill.Curation.Text;

namespace Distill.Curation.Contamination;

/// <summary>
/// Finds short problems that are a prompt but for one word, put in, left out or replaced: in fewer than sixteen words such a change can
/// leave no run of eight. A changed number or operator is another problem, not an edit.
/// </summary>
internal sealed class OneWordIndex
{
    private const int Shortest = 8, Longest = 15;

    private readonly IReadOnlyList<BenchmarkItem> _items;
    private readonly SortedIndex _whole = new(), _without = new();

    /// <param name="items">The problems.</param>
    public OneWordIndex(IReadOnlyList<BenchmarkItem> items)
    {
        _items = items;
        for (int item = 0; item < items.Count; item++)
        {
            Word[] words = items[item].Text.Words;
            if (words.Length is < Shortest or > Longest) continue;
            _whole.Add(Hash(words, -1), item);
            for (int i = 0; i < words.Length; i++)
                if (!words[i].IsNumber) _without.Add(Hash(words, i), ((long)words.Length << 40) | ((long)i << 32) | (uint)item);
        }
        _whole.Seal();
        _without.Seal();
    }

    /// <summary>The first problem that is the prompt but for one word, or null.</summary>
    public ContaminationMatch? Find(PromptText prompt)
    {
        Word[] words = prompt.Words;
        if (words.Length is < Shortest - 1 or > Longest + 1) return null;
        long best = long.MaxValue;
        foreach (long value in _without.Find(Hash(words, -1))) best = Math.Min(best, (uint)value); // a word was left out
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i].IsNumber) continue;
            ulong hash = Hash(words, i);
            foreach (long item in _whole.Find(hash)) best = Math.Min(best, item); // a word was put in
            foreach (long value in _without.Find(hash)) // a word was replaced
                if (value >> 32 == (((long)words.Length << 8) | (uint)i)) best = Math.Min(best, (uint)value);
        }
        if (best == long.MaxValue) return null;
        BenchmarkItem found = _items[(int)best];
        return new ContaminationMatch(found, "one_word", prompt.Span(0, words.Length - 1), 1 - (1.0 / Math.Max(words.Length, found.Text.Words.Length)));
    }

    private static ulong Hash(Word[] words, int without)
    {
        ulong hash = 1;
        for (int i = 0; i < words.Length; i++)
            if (i != without) hash = StableHash.Combine(hash, words[i].Hash);
        return hash;
    }
}
