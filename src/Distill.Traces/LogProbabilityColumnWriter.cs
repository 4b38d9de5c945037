using Distill.Chat;
using Parquet;
using Parquet.Schema;

namespace Distill.Traces;

/// <summary>Writes the columns of <see cref="TraceSchema.LogProbabilityColumns"/> of one row group.</summary>
internal static class LogProbabilityColumnWriter
{
    /// <summary>Writes them.</summary>
    /// <param name="group">The row group.</param>
    /// <param name="fields">The columns, in their order.</param>
    /// <param name="traces">The rows; those without log-probabilities get null, 0 and empty lists.</param>
    public static async Task WriteAsync(ParquetRowGroupWriter group, DataField[] fields, Trace[] traces)
    {
        TopLogProbabilities?[] rows = Array.ConvertAll(traces, trace => trace.Completion.TopLogProbabilities);
        await group.WriteAsync(fields[0], Array.ConvertAll(rows, row => row?.Vocabulary));
        await group.WriteAsync<int>(fields[1], Array.ConvertAll(rows, row => row?.Width ?? 0));
        await WriteListsAsync(group, fields[2], Array.ConvertAll(rows, row => row?.Tokens.ToArray() ?? []));
        await WriteListsAsync(group, fields[3], Array.ConvertAll(rows, row => row?.TopTokens.ToArray() ?? []));
        await WriteListsAsync(group, fields[4], Array.ConvertAll(rows, row => row is null ? [] : Array.ConvertAll(row.Values.ToArray(), value => (float)value)));
    }

    // The Parquet format's levels: a repetition level of 0 starts a row; a definition level below the highest is a row without values.
    private static Task WriteListsAsync<T>(ParquetRowGroupWriter group, DataField field, T[][] rows) where T : struct
    {
        List<int> definitions = [], repetitions = [];
        foreach (T[] row in rows)
        {
            definitions.AddRange(row.Length == 0 ? [field.MaxDefinitionLevel - 1] : Enumerable.Repeat(field.MaxDefinitionLevel, row.Length));
            repetitions.Add(0);
            repetitions.AddRange(Enumerable.Repeat(1, Math.Max(0, row.Length - 1)));
        }
        T[] values = [.. rows.SelectMany(row => row)];
        return group.WriteAllPartsAsync<T>(field, values, definitions.ToArray(), repetitions.ToArray(), CancellationToken.None);
    }
}
