using Distill.Curation.Text;

namespace Distill.Curation.Contamination;

/// <summary>
/// Finds problems whose characters are at least 95 % the same (Indel similarity, what rapidfuzz calls <c>ratio</c>), without comparing a
/// prompt to every problem. A text that differs in at most d characters, cut into d + 1 pieces, has one piece unchanged: so looking up the
/// start of every piece of the prompt misses no problem.
/// </summary>
internal sealed class SimilarTextIndex
{
    /// <summary>Similarity from which on two texts are the same.</summary>
    public const double Similarity = 0.95;

    private const int Piece = 6;
    private const int Shortest = 12, LongestKey = 4096;
    private const int Buckets = 32;

    private readonly IReadOnlyList<BenchmarkItem> _items;
    private readonly SortedIndex _pieces = new();
    private readonly byte[][] _letters;

    /// <param name="items">The problems.</param>
    public SimilarTextIndex(IReadOnlyList<BenchmarkItem> items)
    {
        _items = items;
        _letters = [.. items.Select(item => Letters(item.Text.Key))];
        for (int item = 0; item < items.Count; item++)
        {
            string key = items[item].Text.Key;
            if (key.Length is < Shortest or > LongestKey) continue;
            for (int i = 0; i + Piece <= key.Length; i++) _pieces.Add(Entry(key.AsSpan(i, Piece), key.Length), item);
        }
        _pieces.Seal();
    }

    /// <summary>The problem most similar to a prompt, or null when none is similar enough.</summary>
    public ContaminationMatch? Find(PromptText prompt)
    {
        string key = prompt.Key;
        if (key.Length is < Shortest or > LongestKey) return null;
        (int shortest, int longest) = LengthsLike(key.Length);
        int pieces = MostDifferent(key.Length, longest) + 1, step = key.Length / pieces;
        HashSet<int>? seen = null;
        byte[]? letters = null;
        (int Item, double Similarity) best = (-1, 0);
        for (int piece = 0; piece < pieces; piece++)
        {
            ReadOnlySpan<char> start = key.AsSpan(piece * step, Piece);
            foreach (long value in _pieces.Between(Entry(start, shortest), Entry(start, longest)))
            {
                int item = (int)value;
                if (!(seen ??= []).Add(item)) continue;
                string other = _items[item].Text.Key;
                int most = MostDifferent(key.Length, other.Length);
                if (LettersApart(letters ??= Letters(key), _letters[item]) > most) continue;
                int distance = IndelDistance.Of(key, other);
                if (distance > most) continue;
                double similarity = 1 - (distance / (double)(key.Length + other.Length));
                if (similarity > best.Similarity || (similarity == best.Similarity && item < best.Item)) best = (item, similarity);
            }
        }
        return best.Item < 0 ? null : new ContaminationMatch(_items[best.Item], "similar", prompt.Span(0, prompt.Words.Length - 1), best.Similarity);
    }

    private static int MostDifferent(int length, int other) => (int)(((length + other) * (1 - Similarity)) + 1e-9);

    // Shortest and longest text that can be similar: the difference in length alone must not exceed the distance.
    private static (int Shortest, int Longest) LengthsLike(int length)
    {
        int shortest = length, longest = length;
        while (length - shortest + 1 <= MostDifferent(length, shortest - 1)) shortest--;
        while (longest + 1 - length <= MostDifferent(length, longest + 1)) longest++;
        return (shortest, longest);
    }

    // Upper bits: the piece. Lower bits: the length of the text, so that texts of like length stand side by side.
    private static ulong Entry(ReadOnlySpan<char> piece, int length) => (StableHash.Of(piece) & ~0xFFFFUL) | (uint)length;

    private static byte[] Letters(string key)
    {
        var counts = new byte[Buckets];
        foreach (char c in key)
            if (counts[c % Buckets] < byte.MaxValue) counts[c % Buckets]++;
        return counts;
    }

    // No fewer insertions and deletions than this are needed.
    private static int LettersApart(byte[] a, byte[] b)
    {
        int apart = 0;
        for (int i = 0; i < Buckets; i++) apart += Math.Abs(a[i] - b[i]);
        return apart;
    }
}
