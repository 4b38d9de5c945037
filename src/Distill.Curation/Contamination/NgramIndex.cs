using System.Text;
using Distill.Curation.Duplicates;
using Distill.Curation.Text;

namespace Distill.Curation.Contamination;

/// <summary>
/// Finds problems of evaluation sets in prompts by runs of n words that they share. Runs that many unlike problems share are
/// boilerplate and count for nothing: alone they would condemn a quarter of all competition problems.
/// </summary>
internal sealed class NgramIndex
{
    /// <summary>Words in a row, shared with one problem, that are contamination however long the problem is.</summary>
    public const int LongRun = 13;

    // Problems unlike each other that have to share a run before it is boilerplate.
    private const int BoilerplateProblems = 3;
    private const ulong Base = 0x9E3779B97F4A7C15;

    private readonly IReadOnlyList<BenchmarkItem> _items;
    private readonly int _length;
    private readonly double _coverage;
    private readonly SortedIndex _index;
    private readonly int[] _countedWords;

    /// <param name="items">The problems.</param>
    /// <param name="length">Words of a run.</param>
    /// <param name="coverage">Share of a problem's words that have to be found; 0 makes every shared run contamination.</param>
    public NgramIndex(IReadOnlyList<BenchmarkItem> items, int length, double coverage)
    {
        (_items, _length, _coverage) = (items, length, coverage);
        var runs = new SortedIndex();
        for (int item = 0; item < items.Count; item++)
            foreach ((ulong hash, int position) in Runs(items[item].Text.Words)) runs.Add(hash, ((long)item << 32) | (uint)position);
        _index = WithoutBoilerplate(runs.Seal());
        _countedWords = CountWords();
    }

    /// <summary>The problem that shares most with a prompt, or null; <c>Weak</c> tells whether runs are shared that are too few to condemn it.</summary>
    public (ContaminationMatch? Match, bool Weak) Find(PromptText prompt)
    {
        Dictionary<int, Overlap>? overlaps = null;
        foreach ((ulong hash, int position) in Runs(prompt.Words))
        {
            foreach (long value in _index.Find(hash))
            {
                int item = (int)(value >> 32);
                overlaps ??= [];
                if (!overlaps.TryGetValue(item, out Overlap? overlap)) overlaps.Add(item, overlap = new Overlap(_items[item].Text.Words.Length));
                overlap.Add(position, (int)value, _length);
            }
        }
        if (overlaps is null) return (null, false);
        (int Item, Overlap Overlap, double Share)[] found = [.. overlaps
            .Select(entry => (entry.Key, entry.Value, entry.Value.Words / (double)_countedWords[entry.Key]))
            .Where(entry => entry.Item3 >= _coverage || entry.Value.Longest >= LongRun)];
        if (found.Length == 0) return (null, true);
        var (best, shared, share) = found.OrderByDescending(entry => entry.Share).ThenByDescending(entry => entry.Overlap.Longest).ThenBy(entry => entry.Item).First();
        return (new ContaminationMatch(_items[best], "ngram", prompt.Span(shared.LongestEnd - shared.Longest + 1, shared.LongestEnd), Math.Min(1, share)), false);
    }

    // A rolling polynomial over word hashes.
    private IEnumerable<(ulong Hash, int Position)> Runs(Word[] words)
    {
        ulong leading = 1;
        for (int i = 1; i < _length; i++) leading *= Base;
        ulong hash = 0;
        for (int i = 0; i < words.Length; i++)
        {
            if (i >= _length) hash -= words[i - _length].Hash * leading;
            hash = (hash * Base) + words[i].Hash;
            if (i >= _length - 1) yield return (StableHash.Mix(hash), i - _length + 1);
        }
    }

    private SortedIndex WithoutBoilerplate(SortedIndex index)
    {
        var alike = new NearDuplicates(0.5);
        foreach (BenchmarkItem item in _items) alike.Add(Signature.Of(item.Text), 0);
        alike.Group();
        var stop = new HashSet<ulong>(InstructionPhrases.Boilerplate.SelectMany(phrase =>
        {
            var words = new List<Word>();
            WordScanner.Scan(phrase, new StringBuilder(), words, []);
            return Runs([.. words]).Select(run => run.Hash);
        }));
        var kept = new SortedIndex();
        for (int start = 0, end; start < index.Count; start = end)
        {
            ulong key = index.Keys[start];
            var problems = new HashSet<int>();
            for (end = start; end < index.Count && index.Keys[end] == key; end++) problems.Add(alike.GroupOf((int)(index.Values[end] >> 32)));
            if (problems.Count >= BoilerplateProblems || stop.Contains(key)) continue;
            for (int i = start; i < end; i++) kept.Add(key, index.Values[i]);
        }
        return kept.Seal();
    }

    // The words of each problem that stand in a run which counts.
    private int[] CountWords()
    {
        var covered = new int[_items.Count];
        foreach (var item in _index.Values.ToArray().GroupBy(value => (int)(value >> 32)))
        {
            var overlap = new Overlap(_items[item.Key].Text.Words.Length);
            foreach (long value in item) overlap.Add(-1, (int)value, _length);
            covered[item.Key] = overlap.Words;
        }
        return covered;
    }

    /// <summary>What a prompt shares with one problem.</summary>
    private sealed class Overlap(int words)
    {
        private readonly bool[] _found = new bool[words];
        private int _last = int.MinValue, _runStart;

        /// <summary>Words of the problem that were found.</summary>
        public int Words { get; private set; }

        /// <summary>Words of the prompt's longest part that consists of shared runs.</summary>
        public int Longest { get; private set; }

        /// <summary>The last word of that part.</summary>
        public int LongestEnd { get; private set; }

        public void Add(int promptPosition, int itemPosition, int length)
        {
            for (int i = itemPosition; i < itemPosition + length; i++)
            {
                if (!_found[i]) Words++;
                _found[i] = true;
            }
            if (promptPosition > _last + 1 || _last < 0) _runStart = promptPosition;
            _last = promptPosition;
            int run = promptPosition - _runStart + length;
            if (run <= Longest) return;
            (Longest, LongestEnd) = (run, promptPosition + length - 1);
        }
    }
}
