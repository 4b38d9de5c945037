namespace Distill.Curation.Contamination;

/// <summary>
/// Number of insertions and deletions that turn one text into another: the lengths together, less twice the longest common subsequence,
/// which is found bit by bit (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
/// </summary>
internal static class IndelDistance
{
    /// <summary>The distance.</summary>
    public static int Of(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        if (a.IsEmpty || b.IsEmpty) return a.Length + b.Length;
        int blocks = (a.Length + 63) / 64;
        var positions = new Dictionary<char, ulong[]>();
        for (int i = 0; i < a.Length; i++)
        {
            if (!positions.TryGetValue(a[i], out ulong[]? bits)) positions.Add(a[i], bits = new ulong[blocks]);
            bits[i / 64] |= 1UL << (i % 64);
        }
        Span<ulong> state = blocks <= 64 ? stackalloc ulong[blocks] : new ulong[blocks];
        state.Fill(ulong.MaxValue);
        foreach (char c in b)
        {
            if (!positions.TryGetValue(c, out ulong[]? matches)) continue;
            ulong carry = 0;
            for (int block = 0; block < blocks; block++)
            {
                ulong s = state[block], u = s & matches[block];
                ulong partial = s + u, sum = partial + carry;
                carry = (partial < s ? 1UL : 0) | (sum < partial ? 1UL : 0);
                state[block] = sum | (s - u);
            }
        }
        int common = 0;
        for (int block = 0; block < blocks; block++)
        {
            ulong unused = block == blocks - 1 && a.Length % 64 != 0 ? ulong.MaxValue << (a.Length % 64) : 0;
            common += System.Numerics.BitOperations.PopCount(~state[block] & ~unused);
        }
        return a.Length + b.Length - (2 * common);
    }
}
