using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// Puts whole samples into rows; none is ever cut. Best fit within a window of shuffled samples: each goes into the fullest row that
/// still has room, those longer than half a row first, because no two of them share one. The others come as they are shuffled:
/// longest first, as usual, would fill rows half a percent better and with samples of one length only, which makes updates
/// less like each other and students worse. Source: Johnson, "Near-optimal bin packing algorithms", 1973; for training rows:
/// "Fewer truncations improve language modeling", arXiv:2404.10830.
/// </summary>
public static class Packing
{
    private const int Window = 4096;

    /// <summary>Lays out one epoch.</summary>
    /// <param name="samples">The samples; none is longer than a row.</param>
    /// <param name="options">Row length, whether samples share rows, rows per update, and the seed of the order.</param>
    /// <param name="epoch">Pass over the samples, from 0; another order for each.</param>
    /// <returns>Rows of samples, every sample in exactly one.</returns>
    public static IReadOnlyList<IReadOnlyList<TrainingSample>> Pack(IReadOnlyList<TrainingSample> samples, TrainOptions options, int epoch)
    {
        var random = new RandomStream(RandomStream.DeriveSeed(options.Seed, "epoch", epoch.ToString()));
        TrainingSample[] order = [.. samples];
        random.Shuffle<TrainingSample>(order);
        return options.Packing ? BestFit(order, options.RowLength, random) : ByLength(order, options.RowsPerUpdate, random);
    }

    private static List<TrainingSample>[] BestFit(TrainingSample[] order, int sequenceLength, RandomStream random)
    {
        var rows = new List<List<TrainingSample>>();
        foreach (TrainingSample[] window in order.Chunk(Window))
        {
            var open = new SortedSet<(int Room, int Row)>();
            foreach (TrainingSample sample in window.OrderByDescending(sample => 2 * sample.Length > sequenceLength ? sample.Length : 0)) // the rest keeps its order
            {
                (int room, int row) = open.GetViewBetween((sample.Length, 0), (sequenceLength, int.MaxValue)).Min; // (0, 0) when none has room
                if (room == 0) (room, row) = (sequenceLength, rows.Count);
                if (row == rows.Count) rows.Add([]);
                open.Remove((room, row));
                rows[row].Add(sample);
                open.Add((room - sample.Length, row));
            }
        }
        List<TrainingSample>[] shuffled = [.. rows];
        random.Shuffle<List<TrainingSample>>(shuffled);
        return shuffled;
    }

    // One sample to a row, rows of like length in one update: little padding, and the order of updates stays random.
    private static IReadOnlyList<TrainingSample>[] ByLength(TrainingSample[] order, int batchSize, RandomStream random)
    {
        TrainingSample[][] updates = [.. order.Chunk(Window).SelectMany(window => window.OrderBy(sample => sample.Length).Chunk(batchSize))];
        random.Shuffle<TrainingSample[]>(updates);
        return [.. updates.SelectMany(update => update).Select(sample => (IReadOnlyList<TrainingSample>)[sample])];
    }
}
