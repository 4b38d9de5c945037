namespace Distill.Models;

/// <summary>
/// Places blocks in a range of addresses that grows at its end. A block goes to the smallest free span that holds it, and of several to the lowest; free
/// neighbours become one span.
/// </summary>
/// <param name="capacity">Bytes of the range.</param>
internal sealed class BlockHeap(long capacity)
{
    /// <summary>Blocks are multiples of it, and begin at multiples of it.</summary>
    public const long Page = 4096;

    private readonly List<(long Start, long Length)> _free = []; // by start; a few hundred at most
    private readonly Dictionary<long, long> _taken = [];         // where a block starts → its length

    /// <summary>Bytes in blocks.</summary>
    public long InUse { get; private set; }

    /// <summary>The most bytes there were in blocks, since the beginning or <see cref="ForgetPeak"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>End of the highest block there ever was: what lies beyond was never touched.</summary>
    public long Extent { get; private set; }

    /// <summary>The free spans within the extent, lowest first.</summary>
    public IReadOnlyList<(long Start, long Length)> Free => _free;

    /// <summary>Takes a block.</summary>
    /// <returns>Where it starts; null when the range is full.</returns>
    public long? Take(long bytes)
    {
        long length = (bytes + Page - 1) / Page * Page;
        int best = -1;
        for (int i = 0; i < _free.Count; i++)
        {
            if (_free[i].Length >= length && (best < 0 || _free[i].Length < _free[best].Length)) best = i;
        }
        if (best < 0 && !Extend(length, out best)) return null;
        (long start, long span) = _free[best];
        if (span == length) _free.RemoveAt(best);
        else _free[best] = (start + length, span - length);
        _taken.Add(start, length);
        InUse += length;
        Peak = Math.Max(Peak, InUse);
        return start;
    }

    /// <summary>Gives a block back.</summary>
    public void Give(long start)
    {
        if (!_taken.Remove(start, out long length)) throw new ArgumentException($"no block starts at {start}");
        InUse -= length;
        int next = ~_free.BinarySearch((start, 0));
        bool joinsBefore = next > 0 && _free[next - 1].Start + _free[next - 1].Length == start;
        bool joinsAfter = next < _free.Count && start + length == _free[next].Start;
        if (joinsAfter) length += _free[next].Length;
        if (joinsBefore) _free[next - 1] = (_free[next - 1].Start, _free[next - 1].Length + length);
        if (joinsBefore && joinsAfter) _free.RemoveAt(next);
        else if (joinsAfter) _free[next] = (start, length);
        else if (!joinsBefore) _free.Insert(next, (start, length));
    }

    /// <summary>Lets <see cref="Peak"/> begin at what is in use now.</summary>
    public void ForgetPeak() => Peak = InUse;

    // Makes the last free span long enough, or adds one at the end.
    private bool Extend(long length, out int index)
    {
        bool endsFree = _free.Count > 0 && _free[^1].Start + _free[^1].Length == Extent;
        long start = endsFree ? _free[^1].Start : Extent;
        index = endsFree ? _free.Count - 1 : _free.Count;
        if (length > capacity - start) return false;
        Extent = start + length;
        if (endsFree) _free[index] = (start, length);
        else _free.Add((start, length));
        return true;
    }
}
