using Distill.Curation.Text;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Curation.Contamination;

/// <summary>
/// Tells whether a prompt is a problem of an evaluation set: the same but for spacing, case and punctuation, at least 95 % the same
/// characters, the same but for one word, or with a part of the problem's words in runs of n that are not boilerplate. Safe for several
/// threads at once.
/// </summary>
internal sealed class Decontamination
{
    // A line of fewer characters is no evidence when it stands in a longer prompt.
    private const int ShortestLine = 12;

    private readonly Dictionary<string, BenchmarkItem> _exact = new(StringComparer.Ordinal);
    private readonly NgramIndex _ngrams;
    private readonly SimilarTextIndex _similar;
    private readonly OneWordIndex _oneWord;

    private Decontamination(IReadOnlyList<BenchmarkItem> items, int ngram, double coverage)
    {
        foreach (BenchmarkItem item in items) _exact.TryAdd(item.Text.Key, item);
        _exact.Remove("");
        BenchmarkItem[] different = [.. _exact.Values];
        _ngrams = new NgramIndex(different, ngram, coverage);
        _similar = new SimilarTextIndex(different);
        _oneWord = new OneWordIndex(different);
        Sets = [.. items.GroupBy(item => item.Set).Select(set => (set.Key, set.Count()))];
    }

    /// <summary>The evaluation sets, with the number of problems in each.</summary>
    public IReadOnlyList<(string Set, int Problems)> Sets { get; }

    /// <summary>Reads evaluation sets.</summary>
    /// <param name="paths">Suites (<c>.yaml</c>), and files or folders of prompts.</param>
    /// <param name="readSuite">Reads the problems of a suite; null where suites are not known.</param>
    /// <param name="ngram">Words of a run.</param>
    /// <param name="coverage">Share of a problem's words that have to be found in runs.</param>
    /// <exception cref="InputException">A path cannot be read or holds no problem.</exception>
    public static Decontamination Load(IReadOnlyList<string> paths, Func<string, IEnumerable<Prompt>>? readSuite, int ngram, double coverage)
    {
        var items = new List<BenchmarkItem>();
        foreach (string path in paths)
        {
            int before = items.Count;
            if (readSuite is not null && Path.GetExtension(path).ToLowerInvariant() is ".yaml" or ".yml") Add(Path.GetFileNameWithoutExtension(path), readSuite(path));
            else foreach (string file in DatasetReader.FilesOf(path)) Add(PromptReader.SourceOf(file), PromptReader.Read(file));
            if (items.Count == before) throw new InputException($"{path}: holds no problem to decontaminate against", "name a suite or a file of prompts");
        }
        return new Decontamination(items, ngram, coverage);

        void Add(string set, IEnumerable<Prompt> prompts) =>
            items.AddRange(prompts.Select((prompt, index) => new BenchmarkItem(set, index + 1, PromptText.Of(prompt))));
    }

    /// <summary>The problem that a prompt contains, or null; <c>Weak</c> tells whether it shares runs of words with one, too few to be it.</summary>
    public (ContaminationMatch? Match, bool Weak) Find(PromptText prompt)
    {
        if (prompt.Words.Length == 0) return (null, false);
        if (Exact(prompt) is { } exact) return (exact, false);
        (ContaminationMatch? shared, bool weak) = _ngrams.Find(prompt);
        ContaminationMatch? found = shared ?? _similar.Find(prompt) ?? _oneWord.Find(prompt);
        return (found, weak && found is null);
    }

    // The whole prompt, or one of its lines: how a short problem is put into a longer prompt.
    private ContaminationMatch? Exact(PromptText prompt)
    {
        if (_exact.TryGetValue(prompt.Key, out BenchmarkItem? item)) return new ContaminationMatch(item, "exact", prompt.Span(0, prompt.Words.Length - 1), 1);
        if (!prompt.Text.Contains('\n')) return null;
        foreach (string line in prompt.Text.Split('\n'))
        {
            if (line.Length < ShortestLine) continue;
            PromptText part = PromptText.Of(line);
            if (part.Key.Length >= ShortestLine && _exact.TryGetValue(part.Key, out item)) return new ContaminationMatch(item, "exact", part.Span(0, part.Words.Length - 1), 1);
        }
        return null;
    }
}
