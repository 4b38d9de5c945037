using System.IO.Compression;
using System.Numerics;
using Distill.Runs;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Distill.Prompts;

/// <summary>
/// Copies a Parquet file with further columns of text, row group by row group: whatever the columns mean and however they nest, values and
/// levels are carried over as they are.
/// </summary>
public static class ParquetCopy
{
    /// <summary>Writes the copy.</summary>
    /// <param name="source">The file.</param>
    /// <param name="target">Receives the copy.</param>
    /// <param name="columns">Names of the further columns; columns of these names in the source are left out.</param>
    /// <param name="rows">
    /// Gives the further columns of the next so many rows: for each column and row its texts, null for none; and whether the columns are lists.
    /// </param>
    /// <exception cref="InputException">The file is damaged, or has a column of a type that cannot be copied.</exception>
    public static void Write(string source, Stream target, IReadOnlyList<string> columns, Func<int, (IReadOnlyList<string?>?[][] Values, bool AreLists)> rows) =>
        WriteAsync(source, target, columns, rows).GetAwaiter().GetResult();

    private static async Task WriteAsync(string source, Stream target, IReadOnlyList<string> columns, Func<int, (IReadOnlyList<string?>?[][] Values, bool AreLists)> rows)
    {
        using var table = ParquetTable.Open(source); // checks what is implausible
        await using var stream = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream, leaveStreamOpen: true);
        ParquetWriter? writer = null;
        DataField[] kept = [], added = [];
        try
        {
            for (int group = 0; group < Math.Max(1, reader.RowGroupCount); group++)
            {
                int count = group < reader.RowGroupCount ? table.RowsOf(group) : 0;
                (IReadOnlyList<string?>?[][] values, bool areLists) = rows(count);
                if (writer is null)
                {
                    Field[] old = [.. reader.Schema.Fields.Where(field => !columns.Contains(field.Name))];
                    var schema = new ParquetSchema([.. old, .. columns.Select(name => Added(name, areLists))]);
                    // The library's own default level takes a hundred times as long for a few percent.
                    var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Optimal };
                    writer = await ParquetWriter.CreateAsync(schema, target, options);
                    kept = [.. schema.DataFields[..^columns.Count]];
                    added = [.. schema.DataFields[^columns.Count..]];
                }
                if (group >= reader.RowGroupCount) break;
                using ParquetRowGroupWriter output = writer.CreateRowGroup();
                ParquetRowGroupReader input = reader.OpenRowGroupReader(group);
                DataField[] fields = [.. reader.Schema.DataFields.Where(field => !columns.Contains(field.Path.FirstPart))];
                for (int i = 0; i < kept.Length; i++) await CopyAsync(source, input, fields[i], output, kept[i]);
                for (int i = 0; i < added.Length; i++) await AddAsync(output, added[i], values[i], areLists);
            }
        }
        finally
        {
            if (writer is not null) await writer.DisposeAsync();
        }
    }

    private static Field Added(string name, bool isList) => isList
        ? new ListField(name, new DataField(ListField.ElementName, typeof(string), isNullable: true)) : new DataField(name, typeof(string), isNullable: true);

    private static async Task CopyAsync(string source, ParquetRowGroupReader input, DataField from, ParquetRowGroupWriter output, DataField to)
    {
        using RawColumnData data = await input.ReadRawColumnDataBaseAsync(from, CancellationToken.None);
        Task? copy = data switch
        {
            RawColumnData<ReadOnlyMemory<char>> values => As(values),
            RawColumnData<ReadOnlyMemory<byte>> values => As(values),
            RawColumnData<bool> values => As(values),
            RawColumnData<int> values => As(values),
            RawColumnData<long> values => As(values),
            RawColumnData<short> values => As(values),
            RawColumnData<sbyte> values => As(values),
            RawColumnData<byte> values => As(values),
            RawColumnData<ushort> values => As(values),
            RawColumnData<uint> values => As(values),
            RawColumnData<ulong> values => As(values),
            RawColumnData<float> values => As(values),
            RawColumnData<double> values => As(values),
            RawColumnData<decimal> values => As(values),
            RawColumnData<DateTime> values => As(values),
            RawColumnData<DateOnly> values => As(values),
            RawColumnData<TimeSpan> values => As(values),
            RawColumnData<TimeOnly> values => As(values),
            RawColumnData<Guid> values => As(values),
            RawColumnData<BigInteger> values => As(values),
            _ => null,
        };
        await (copy ?? throw new InputException($"{source}: column `{from.Path}` holds {from.ClrType.Name} values, which cannot be copied", "leave the column out of the file"));

        // A plain required column has no levels, and the library then counts its rows by its values only this way.
        Task As<T>(RawColumnData<T> values) where T : struct => to.MaxDefinitionLevel == 0 ? Required(values.Values.ToArray()) : output.WriteAllPartsAsync<T>(to, values.Values.ToArray(),
            values.DefinitionLevels.ToArray(), to.MaxRepetitionLevel > 0 ? values.RepetitionLevels.ToArray() : null, CancellationToken.None);

        Task Required<T>(T[] values) where T : struct => values switch
        {
            ReadOnlyMemory<char>[] texts => output.WriteAsync(to, Array.ConvertAll(texts, text => text.ToString())),
            ReadOnlyMemory<byte>[] blobs => output.WriteAsync(to, Array.ConvertAll(blobs, blob => blob.ToArray())),
            _ => output.WriteAsync<T>(to, values),
        };
    }

    // A row without verdicts is null; an element is at the highest level or, when it is null, one below.
    private static Task AddAsync(ParquetRowGroupWriter output, DataField field, IReadOnlyList<string?>?[] rows, bool areLists)
    {
        if (!areLists) return output.WriteAsync(field, Array.ConvertAll(rows, row => row is [var text, ..] ? text : null));
        var values = new List<ReadOnlyMemory<char>>();
        List<int> definitions = [], repetitions = [];
        foreach (IReadOnlyList<string?>? row in rows)
        {
            if (row is not { Count: > 0 })
            {
                definitions.Add(0);
                repetitions.Add(0);
                continue;
            }
            for (int i = 0; i < row.Count; i++)
            {
                definitions.Add(row[i] is null ? field.MaxDefinitionLevel - 1 : field.MaxDefinitionLevel);
                repetitions.Add(i == 0 ? 0 : 1);
                if (row[i] is { } text) values.Add(text.AsMemory());
            }
        }
        return output.WriteAllPartsAsync<ReadOnlyMemory<char>>(field, values.ToArray(), definitions.ToArray(), repetitions.ToArray(), CancellationToken.None);
    }
}
