using Distill.Models;
using Xunit;

namespace Distill.Tests.Models;

public sealed class BlockHeapTests
{
    private const long Page = BlockHeap.Page;

    [Fact]
    public void ABlockGoesToTheSmallestSpanThatHoldsItAndOfSeveralToTheLowest()
    {
        var heap = new BlockHeap(1 << 30);
        long[] starts = [.. new[] { 5, 1, 2, 1, 2, 1 }.Select(pages => heap.Take(pages * Page)!.Value)];
        foreach (int i in new[] { 0, 2, 4 }) heap.Give(starts[i]);
        Assert.Equal(starts[2], heap.Take(2 * Page));
        Assert.Equal(starts[4], heap.Take((2 * Page) - 100));
        Assert.Equal(starts[0], heap.Take(1));
        Assert.Equal(starts[0] + Page, heap.Take(4 * Page));
        Assert.Empty(heap.Free);
    }

    [Fact]
    public void FreeNeighboursBecomeOneSpan()
    {
        var heap = new BlockHeap(1 << 30);
        long[] starts = [.. Enumerable.Range(0, 5).Select(_ => heap.Take(Page)!.Value)];
        foreach (int i in new[] { 1, 3, 2 }) heap.Give(starts[i]);
        Assert.Equal([(Page, 3 * Page)], heap.Free);
        heap.Give(starts[4]);
        heap.Give(starts[0]);
        Assert.Equal([(0, 5 * Page)], heap.Free);
        Assert.Equal(0, heap.InUse);
    }

    [Fact]
    public void ASpanAtTheEndIsMadeLongerInsteadOfLeavingAHole()
    {
        var heap = new BlockHeap(1 << 30);
        heap.Take(Page);
        heap.Give(heap.Take(2 * Page)!.Value);
        Assert.Equal(Page, heap.Take(7 * Page));
        Assert.Equal(8 * Page, heap.Extent);
    }

    [Fact]
    public void AFullRangeRefusesAndGoesOn()
    {
        var heap = new BlockHeap(4 * Page);
        long first = heap.Take(3 * Page)!.Value;
        Assert.Null(heap.Take(2 * Page));
        Assert.Null(heap.Take(long.MaxValue - Page));
        heap.Give(first);
        Assert.Equal(0, heap.Take(4 * Page));
        Assert.Throws<ArgumentException>(() => heap.Give(Page));
    }

    [Fact]
    public void BlocksNeverOverlapAndFreeSpansAreWhatIsLeft()
    {
        var random = new Random(7);
        var heap = new BlockHeap(1 << 24);
        var blocks = new Dictionary<long, long>();
        for (int turn = 0; turn < 4000; turn++)
        {
            if (blocks.Count > 0 && random.Next(2) == 0)
            {
                long gone = blocks.Keys.ElementAt(random.Next(blocks.Count));
                heap.Give(gone);
                blocks.Remove(gone);
            }
            else if (heap.Take(random.Next(1, 40) * Page) is { } start)
            {
                Assert.True(blocks.TryAdd(start, 0));
            }
            long[] taken = [.. heap.Free.Select(span => span.Start).Concat(blocks.Keys).Order()];
            Assert.Equal(taken.Distinct(), taken);
            Assert.True(heap.Free.Zip(heap.Free.Skip(1)).All(pair => pair.First.Start + pair.First.Length < pair.Second.Start)); // apart, or they would be one
            Assert.Equal(heap.Extent - heap.Free.Sum(span => span.Length), heap.InUse);
        }
    }
}
