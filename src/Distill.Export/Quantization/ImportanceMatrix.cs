namespace Distill.Export.Quantization;

/// <summary>What calibration saw of one weight matrix (of each expert, where experts are stacked).</summary>
/// <param name="Sums">Sums of the squared activations that entered each column, [matrices, columns].</param>
/// <param name="Counts">Activations summed, per matrix.</param>
internal sealed record ImportanceEntry(float[] Sums, float[] Counts)
{
    /// <summary>Mean squares, [matrices, columns]; 1 for an expert that never ran, so that all its columns count alike.</summary>
    public float[] Means()
    {
        var means = new float[Sums.Length];
        int columns = Sums.Length / Counts.Length;
        for (int i = 0; i < means.Length; i++) means[i] = Counts[i / columns] > 0 ? Sums[i] / Counts[i / columns] : 1;
        return means;
    }
}

/// <summary>
/// An imatrix: how much each input column of each weight matrix counts, measured as the mean square of the activations that a
/// model sees on calibration text. Quantisation keeps the error small where it counts.
/// </summary>
/// <param name="Source">Where it comes from, for messages and metadata.</param>
/// <param name="Datasets">The calibration texts.</param>
/// <param name="Chunks">Chunks of text evaluated.</param>
/// <param name="ChunkSize">Tokens of a chunk; 0 when unknown.</param>
/// <param name="Entries">By the weight's name in a GGUF file.</param>
internal sealed record ImportanceMatrix(
    string Source, IReadOnlyList<string> Datasets, int Chunks, int ChunkSize, IReadOnlyDictionary<string, ImportanceEntry> Entries);
