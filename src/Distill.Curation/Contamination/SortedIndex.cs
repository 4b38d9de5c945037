using System.Numerics;
using System.Runtime.InteropServices;

namespace Distill.Curation.Contamination;

/// <summary>
/// A multimap from 64-bit hashes to numbers in two sorted lists: sixteen bytes for each entry. A bit for each hash answers most of the
/// questions for what is not there. Filled first, sealed once, then read by any thread.
/// </summary>
internal sealed class SortedIndex
{
    private readonly List<ulong> _keys = [];
    private readonly List<long> _values = [];
    private ulong[] _present = [];

    /// <summary>Entries.</summary>
    public int Count => _keys.Count;

    /// <summary>The keys in order, as often as they have values.</summary>
    public ReadOnlySpan<ulong> Keys => CollectionsMarshal.AsSpan(_keys);

    /// <summary>The values, in order of their keys, those of one key in order.</summary>
    public ReadOnlySpan<long> Values => CollectionsMarshal.AsSpan(_values);

    /// <summary>Adds an entry.</summary>
    public void Add(ulong key, long value)
    {
        _keys.Add(key);
        _values.Add(value);
    }

    /// <summary>Sorts the entries, after the last one was added.</summary>
    public SortedIndex Seal()
    {
        Span<ulong> keys = CollectionsMarshal.AsSpan(_keys);
        Span<long> values = CollectionsMarshal.AsSpan(_values);
        keys.Sort(values);
        _present = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, keys.Length / 4))]; // 16 bits or more for each entry
        for (int start = 0, end; start < keys.Length; start = end)
        {
            _present[Slot(keys[start])] |= 1UL << (int)(keys[start] & 63);
            for (end = start + 1; end < keys.Length && keys[end] == keys[start]; end++) { }
            values[start..end].Sort();
        }
        return this;
    }

    /// <summary>The values of a key, in order.</summary>
    public ReadOnlySpan<long> Find(ulong key) => (_present[Slot(key)] >> (int)(key & 63) & 1) == 0 ? [] : Between(key, key);

    /// <summary>The values of all keys from one to another, both included.</summary>
    public ReadOnlySpan<long> Between(ulong first, ulong last)
    {
        ReadOnlySpan<ulong> keys = Keys;
        int start = LowerBound(keys, first), end = start;
        while (end < keys.Length && keys[end] <= last) end++;
        return Values[start..end];
    }

    private static int LowerBound(ReadOnlySpan<ulong> keys, ulong key)
    {
        int low = 0, high = keys.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (keys[middle] < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private int Slot(ulong key) => (int)((key >> 32) & (ulong)(_present.Length - 1));
}
