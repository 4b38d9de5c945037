using System.Numerics;
using System.Runtime.InteropServices;

namespace Distill.Chat;

/// <summary>
/// The merge table of a byte-pair vocabulary: of all neighbouring pairs the one with the lowest rank merges first,
/// the leftmost of equals. Safe for use from several threads.
/// </summary>
internal sealed class BytePairMerges
{
    // Up to this length pieces are scanned for the lowest rank again after each merge; longer ones keep their pairs in a heap.
    private const int LongestScan = 512;
    private const int NoRank = int.MaxValue;

    // Open addressing: everything about a pair lies in one place of memory, found with one look as a rule.
    private readonly Entry[] _entries;
    private readonly int _shift;
    private readonly int[] _merged;

    /// <param name="merges">Left id, right id and id of the merged token; the index is the rank.</param>
    public BytePairMerges(IReadOnlyList<(int Left, int Right, int Merged)> merges)
    {
        int bits = BitOperations.Log2((uint)Math.Max(merges.Count, 8)) + 2;
        _shift = 64 - bits;
        _entries = new Entry[1 << bits];
        Array.Fill(_entries, new Entry(ulong.MaxValue, NoRank));
        _merged = new int[merges.Count];
        for (int rank = 0; rank < merges.Count; rank++)
        {
            // Of two entries for one pair the later one counts, as in the original.
            ulong key = Key(merges[rank].Left, merges[rank].Right);
            _entries[Place(key)] = new Entry(key, rank);
            _merged[rank] = merges[rank].Merged;
        }
    }

    /// <summary>Merges <paramref name="ids"/> in place.</summary>
    /// <returns>How many ids are left at the front of <paramref name="ids"/>.</returns>
    public int Apply(Span<int> ids) => ids.Length <= LongestScan ? ApplyByScan(ids) : ApplyByHeap(ids);

    private int ApplyByScan(Span<int> ids)
    {
        int count = ids.Length;
        Span<int> ranks = stackalloc int[LongestScan];
        for (int i = 0; i + 1 < count; i++) ranks[i] = RankOf(ids[i], ids[i + 1]);
        while (count > 1)
        {
            int best = IndexOfLowest(ranks[..(count - 1)]);
            if (ranks[best] == NoRank) break;

            ids[best] = _merged[ranks[best]];
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            if (best + 2 < count) ranks[(best + 2)..count].CopyTo(ranks[(best + 1)..]);
            count--;
            if (best > 0) ranks[best - 1] = RankOf(ids[best - 1], ids[best]);
            if (best + 1 < count) ranks[best] = RankOf(ids[best], ids[best + 1]);
        }
        return count;
    }

    private static int IndexOfLowest(ReadOnlySpan<int> ranks)
    {
        if (ranks.Length < 2 * Vector<int>.Count)
        {
            int best = 0;
            for (int i = 1; i < ranks.Length; i++)
            {
                if (ranks[i] < ranks[best]) best = i;
            }
            return best;
        }
        ReadOnlySpan<Vector<int>> blocks = MemoryMarshal.Cast<int, Vector<int>>(ranks);
        Vector<int> lowest = new(ranks[^Vector<int>.Count..]);
        foreach (Vector<int> block in blocks) lowest = Vector.Min(lowest, block);
        int rank = lowest[0];
        for (int i = 1; i < Vector<int>.Count; i++) rank = Math.Min(rank, lowest[i]);
        return ranks.IndexOf(rank);
    }

    // Doubly linked symbols. A heap entry (rank, position) is stale when the pair at its position has another rank by now.
    private int ApplyByHeap(Span<int> ids)
    {
        var next = new int[ids.Length];
        var previous = new int[ids.Length];
        var ranks = new int[ids.Length];
        var pairs = new List<(int, long)>(ids.Length);
        for (int i = 0; i < ids.Length; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
            ranks[i] = i + 1 < ids.Length ? RankOf(ids[i], ids[i + 1]) : NoRank;
            if (ranks[i] != NoRank) pairs.Add((i, Priority(ranks[i], i)));
        }
        var heap = new PriorityQueue<int, long>(pairs);
        while (heap.TryDequeue(out int left, out long priority))
        {
            int rank = ranks[left], right = next[left];
            if (rank == NoRank || priority != Priority(rank, left)) continue;
            ids[left] = _merged[rank];
            next[left] = next[right];
            ranks[right] = NoRank;
            if (next[left] < ids.Length) previous[next[left]] = left;
            Rank(heap, ids, ranks, left, next[left]);
            if (previous[left] >= 0) Rank(heap, ids, ranks, previous[left], left);
        }

        int count = 0;
        for (int i = 0; i < ids.Length; i = next[i]) ids[count++] = ids[i];
        return count;
    }

    private void Rank(PriorityQueue<int, long> heap, ReadOnlySpan<int> ids, int[] ranks, int left, int right)
    {
        ranks[left] = right < ids.Length ? RankOf(ids[left], ids[right]) : NoRank;
        if (ranks[left] != NoRank) heap.Enqueue(left, Priority(ranks[left], left));
    }

    private int RankOf(int left, int right) => _entries[Place(Key(left, right))].Rank;

    // Where a pair stands, or the free place where it belongs.
    private int Place(ulong key)
    {
        int place = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (_entries[place].Key != key && _entries[place].Key != ulong.MaxValue) place = (place + 1) & (_entries.Length - 1);
        return place;
    }

    private static long Priority(int rank, int position) => ((long)rank << 32) | (uint)position;

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private readonly record struct Entry(ulong Key, int Rank);
}
