namespace Distill.Curation.Text;

/// <summary>64-bit hashes that are the same on every machine and in every run, unlike those of <see cref="string"/>.</summary>
internal static class StableHash
{
    private const ulong Offset = 14695981039346656037, Prime = 1099511628211;

    /// <summary>FNV-1a over UTF-16 units, then mixed so that every bit of the result counts.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        ulong hash = Offset;
        foreach (char c in text) hash = (hash ^ c) * Prime;
        return Mix(hash);
    }

    /// <summary>The next hash of a sequence.</summary>
    public static ulong Combine(ulong sequence, ulong next) => Mix(sequence ^ (next + 0x9E3779B97F4A7C15 + (sequence << 6) + (sequence >> 2)));

    /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
