namespace Distill.Curation.Contamination;

/// <summary>
/// A multimap from 64-bit hashes to numbers in two sorted arrays: a few bytes for each entry. A bit for each hash answers most of the
/// questions for what is not there.
/// </summary>
internal sealed class SortedIndex
{
    private readonly ulong[] _keys;
    private readonly long[] _values;
    private readonly ulong[] _present;

    /// <param name="entries">What to find, in any order.</param>
    public SortedIndex(IReadOnlyCollection<(ulong Key, long Value)> entries)
    {
        (ulong Key, long Value)[] sorted = [.. entries];
        Array.Sort(sorted);
        _keys = Array.ConvertAll(sorted, entry => entry.Key);
        _values = Array.ConvertAll(sorted, entry => entry.Value);
        _present = new ulong[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, _keys.Length / 4))]; // 16 bits or more for each entry
        foreach (ulong key in _keys) _present[Slot(key)] |= 1UL << (int)(key & 63);
    }

    /// <summary>Entries.</summary>
    public int Count => _keys.Length;

    /// <summary>The keys in order, as often as they have values.</summary>
    public ReadOnlySpan<ulong> Keys => _keys;

    /// <summary>The values, in order of their keys.</summary>
    public ReadOnlySpan<long> Values => _values;

    /// <summary>The values of a key, in order.</summary>
    public ReadOnlySpan<long> Find(ulong key) => (_present[Slot(key)] >> (int)(key & 63) & 1) == 0 ? [] : Between(key, key);

    /// <summary>The values of all keys from one to another, both included.</summary>
    public ReadOnlySpan<long> Between(ulong first, ulong last)
    {
        int start = LowerBound(first), end = start;
        while (end < _keys.Length && _keys[end] <= last) end++;
        return _values.AsSpan(start, end - start);
    }

    private int LowerBound(ulong key)
    {
        int low = 0, high = _keys.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_keys[middle] < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private int Slot(ulong key) => (int)((key >> 32) & (ulong)(_present.Length - 1));
}
