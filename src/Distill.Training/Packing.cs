using Distill.Runs;

namespace Distill.Training;

/// <summary>
/// Puts whole samples into rows. First fit over a window of open rows, in the order of a shuffle: rows fill to a few
/// percent of their length, and which samples meet in a row stays random.
/// </summary>
public static class Packing
{
    private const int OpenRows = 64;

    /// <summary>Packs one epoch.</summary>
    /// <param name="samples">The samples; none is longer than a row.</param>
    /// <param name="sequenceLength">Tokens of a row.</param>
    /// <param name="together">Whether several samples may share a row.</param>
    /// <param name="seed">Seed of the order; another for each epoch.</param>
    /// <returns>Rows of samples, every sample in exactly one.</returns>
    public static IReadOnlyList<IReadOnlyList<TrainingSample>> Pack(IReadOnlyList<TrainingSample> samples, int sequenceLength, bool together, long seed)
    {
        TrainingSample[] order = [.. samples];
        new RandomStream(seed).Shuffle<TrainingSample>(order);
        if (!together) return [.. order.Select(sample => (IReadOnlyList<TrainingSample>)[sample])];

        var rows = new List<List<TrainingSample>>();
        var open = new List<(List<TrainingSample> Row, int Room)>();
        foreach (TrainingSample sample in order)
        {
            int fit = open.FindIndex(row => row.Room >= sample.Tokens.Length);
            if (fit < 0)
            {
                if (open.Count == OpenRows) open.RemoveAt(0);
                rows.Add([]);
                open.Add((rows[^1], sequenceLength));
                fit = open.Count - 1;
            }
            open[fit].Row.Add(sample);
            open[fit] = (open[fit].Row, open[fit].Room - sample.Tokens.Length);
        }
        return rows;
    }
}
