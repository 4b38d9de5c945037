using System.Runtime.InteropServices;

namespace Distill.Chat;

/// <summary>
/// The merge table of a byte-pair vocabulary: of all neighbouring pairs the one with the lowest rank merges first,
/// the leftmost of equals. Safe for use from several threads.
/// </summary>
internal sealed class BytePairMerges
{
    // Short pieces are scanned for the lowest rank again after each merge; longer ones keep their pairs in a heap.
    private const int LongestScan = 48;
    private const int NoRank = int.MaxValue;

    private readonly Dictionary<ulong, int> _ranks;
    private readonly int[] _merged;

    /// <param name="merges">Left id, right id and id of the merged token; the index is the rank.</param>
    public BytePairMerges(IReadOnlyList<(int Left, int Right, int Merged)> merges)
    {
        _ranks = new Dictionary<ulong, int>(merges.Count);
        _merged = new int[merges.Count];
        for (int rank = 0; rank < merges.Count; rank++)
        {
            // Of two entries for one pair the later one counts, as in the original.
            _ranks[Key(merges[rank].Left, merges[rank].Right)] = rank;
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
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                if (ranks[i] < ranks[best]) best = i;
            }
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

    // Doubly linked symbols; a heap entry whose pair has changed since is skipped when it comes up.
    private int ApplyByHeap(Span<int> ids)
    {
        var next = new int[ids.Length];
        var previous = new int[ids.Length];
        var heap = new PriorityQueue<(int Left, int LeftId, int RightId), (int Rank, int Position)>();
        for (int i = 0; i < ids.Length; i++) (next[i], previous[i]) = (i + 1, i - 1);
        for (int i = 0; i + 1 < ids.Length; i++) Push(heap, ids, i, i + 1);

        while (heap.TryDequeue(out (int Left, int LeftId, int RightId) pair, out (int Rank, int Position) priority))
        {
            int left = pair.Left, right = next[left];
            if (ids[left] != pair.LeftId || right >= ids.Length || ids[right] != pair.RightId) continue;
            ids[left] = _merged[priority.Rank];
            ids[right] = -1;
            next[left] = next[right];
            if (next[left] < ids.Length) previous[next[left]] = left;
            if (previous[left] >= 0) Push(heap, ids, previous[left], left);
            if (next[left] < ids.Length) Push(heap, ids, left, next[left]);
        }

        int count = 0;
        for (int i = 0; i < ids.Length; i = next[i]) ids[count++] = ids[i];
        return count;
    }

    private void Push(PriorityQueue<(int, int, int), (int, int)> heap, ReadOnlySpan<int> ids, int left, int right)
    {
        int rank = RankOf(ids[left], ids[right]);
        if (rank != NoRank) heap.Enqueue((left, ids[left], ids[right]), (rank, left));
    }

    private int RankOf(int left, int right)
    {
        ref int rank = ref CollectionsMarshal.GetValueRefOrNullRef(_ranks, Key(left, right));
        return System.Runtime.CompilerServices.Unsafe.IsNullRef(ref rank) ? NoRank : rank;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
