using Distill.Runs;

namespace Distill.Curation;

/// <summary>
/// How much of each source goes into the training set: the largest set that has the wanted weights without repeating a row. General data
/// is added up to its share and never makes the rest smaller.
/// </summary>
internal sealed class Mixture(TraceSources sources, CurateOptions options)
{
    /// <summary>Drops by the seed what is more than wanted of a source.</summary>
    public void Apply(Survey survey, Fate[] fates)
    {
        if (options is { Weights.Count: 0, General.Count: 0, MaxRows: 0 }) return;
        var rows = sources.Paths.Select(_ => new List<int>()).ToArray();
        for (int row = 0; row < fates.Length; row++)
            if (fates[row] == Fate.Kept) rows[survey.Traces[row].Source].Add(row);
        long[] wanted = Wanted([.. rows.Select(ofSource => (long)ofSource.Count)]);
        for (int source = 0; source < rows.Length; source++)
        {
            if (rows[source].Count <= wanted[source]) continue;
            int[] drawn = [.. rows[source]];
            new RandomStream(RandomStream.DeriveSeed(options.Seed, "curate", $"source {source}")).Shuffle<int>(drawn);
            foreach (int row in drawn.AsSpan((int)wanted[source])) fates[row] = Fate.OverShare;
        }
    }

    /// <summary>Rows wanted of each source.</summary>
    /// <param name="available">Rows that each has left.</param>
    internal long[] Wanted(long[] available)
    {
        double[] wanted = [.. available.Select(count => (double)count)];
        int main = options.Traces.Count;
        if (options.Weights.Count > 0)
        {
            double scale = Enumerable.Range(0, main).Where(source => options.Weights[source] > 0).Min(source => available[source] / options.Weights[source]);
            for (int source = 0; source < main; source++) wanted[source] = scale * options.Weights[source];
        }
        double all = wanted[..main].Sum(), general = wanted[main..].Sum();
        double most = options.GeneralShare >= 1 ? general : all * options.GeneralShare / (1 - options.GeneralShare);
        Scale(main, wanted.Length, general > most ? most / general : 1);
        double total = wanted.Sum();
        Scale(0, wanted.Length, options.MaxRows > 0 && total > options.MaxRows ? options.MaxRows / total : 1);
        return [.. wanted.Select(count => (long)Math.Floor(count + 1e-6))];

        void Scale(int first, int end, double factor)
        {
            for (int source = first; source < end; source++) wanted[source] *= factor;
        }
    }
}
