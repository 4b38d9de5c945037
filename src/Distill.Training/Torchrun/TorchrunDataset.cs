using Distill.Runs;
using Parquet;
using Parquet.Schema;

namespace Distill.Training;

/// <summary>
/// The training set for another engine: the very tokens and the very loss mask that this one would train on, so that no
/// second tokenizer, template or mask can differ. Columns <c>input_ids</c> and <c>labels</c> (list of int32; -100 where the
/// loss does not count), as Hugging Face trainers take them.
/// </summary>
internal static class TorchrunDataset
{
    private const int NotCounted = -100;
    private const int TokensPerGroup = 4 << 20;

    /// <summary>Writes one file, whole or not at all.</summary>
    /// <exception cref="InputException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<TrainingSample> samples) =>
        AtomicFile.Write(path, stream => WriteAsync(stream, samples).GetAwaiter().GetResult());

    private static async Task WriteAsync(Stream stream, IReadOnlyList<TrainingSample> samples)
    {
        var schema = new ParquetSchema(
            new ListField("input_ids", new DataField<int>(ListField.ElementName)), new ListField("labels", new DataField<int>(ListField.ElementName)));
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd };
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, options);
        for (int start = 0, end; start < samples.Count; start = end)
        {
            int tokens = 0;
            for (end = start; end < samples.Count && (end == start || tokens < TokensPerGroup); end++) tokens += samples[end].Length;
            TrainingSample[] group = [.. samples.Skip(start).Take(end - start)];
            using ParquetRowGroupWriter rows = writer.CreateRowGroup();
            await WriteListAsync(rows, schema.DataFields[0], group, (sample, i) => sample.Tokens.Span[i]);
            await WriteListAsync(rows, schema.DataFields[1], group, (sample, i) => i < Math.Max(sample.PromptLength, 1) ? NotCounted : sample.Tokens.Span[i]);
        }
    }

    // Levels of the Parquet format: repetition 0 starts a row, 1 continues its list; every value is there.
    private static Task WriteListAsync(ParquetRowGroupWriter rows, DataField field, TrainingSample[] samples, Func<TrainingSample, int, int> value)
    {
        int count = samples.Sum(sample => sample.Length), next = 0;
        int[] values = new int[count], definitions = new int[count], repetitions = new int[count];
        Array.Fill(definitions, field.MaxDefinitionLevel);
        foreach (TrainingSample sample in samples)
        {
            for (int i = 0; i < sample.Length; i++, next++)
                (values[next], repetitions[next]) = (value(sample, i), i == 0 ? 0 : 1);
        }
        return rows.WriteAllPartsAsync<int>(field, values, definitions, repetitions, CancellationToken.None);
    }
}
