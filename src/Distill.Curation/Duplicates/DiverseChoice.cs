using Distill.Curation.Text;

namespace Distill.Curation.Duplicates;

/// <summary>
/// Chooses completions of one prompt that are as unlike each other as can be: the first, then again and again the one whose most
/// similar chosen one is least similar (Gonzalez's farthest-first traversal, 1985).
/// </summary>
internal static class DiverseChoice
{
    /// <summary>Bytes of a completion's sketch.</summary>
    public const int SketchBytes = 64;

    /// <summary>
    /// A sketch of a completion: the smallest hash in each of 64 bins, one permutation for all of them (Li, Owen and Zhang, 2012),
    /// which costs one hash for each word, not one for each word and bin.
    /// </summary>
    public static byte[] Sketch(string completion)
    {
        Span<ulong> minima = stackalloc ulong[SketchBytes];
        minima.Fill(ulong.MaxValue);
        ulong first = 0, second = 0;
        foreach (Range range in completion.AsSpan().SplitAny(' ', '\n', '\t'))
        {
            ReadOnlySpan<char> word = completion.AsSpan()[range];
            if (word.IsEmpty) continue;
            ulong third = StableHash.Of(word);
            ulong shingle = StableHash.Combine(StableHash.Combine(first, second), third);
            int bin = (int)(shingle >> 58);
            minima[bin] = Math.Min(minima[bin], shingle & (ulong.MaxValue >> 6));
            (first, second) = (second, third);
        }
        var sketch = new byte[SketchBytes];
        for (int i = 0; i < SketchBytes; i++) sketch[i] = (byte)minima[i];
        return sketch;
    }

    /// <summary>The chosen candidates, in the order in which they were chosen.</summary>
    /// <param name="candidates">Row and sketch of each.</param>
    /// <param name="count">How many to choose.</param>
    public static IReadOnlyList<int> Choose(IReadOnlyList<(int Row, byte[] Sketch)> candidates, int count)
    {
        var chosen = new List<int> { candidates[0].Row };
        double[] closest = [.. candidates.Select(candidate => MinHash.Similarity(candidate.Sketch, candidates[0].Sketch))];
        closest[0] = double.PositiveInfinity;
        while (chosen.Count < Math.Min(count, candidates.Count))
        {
            int next = 0;
            for (int i = 1; i < closest.Length; i++)
                if (closest[i] < closest[next]) next = i; // of equals the first
            chosen.Add(candidates[next].Row);
            closest[next] = double.PositiveInfinity;
            for (int i = 0; i < closest.Length; i++)
                if (!double.IsPositiveInfinity(closest[i])) closest[i] = Math.Max(closest[i], MinHash.Similarity(candidates[i].Sketch, candidates[next].Sketch));
        }
        return chosen;
    }
}
