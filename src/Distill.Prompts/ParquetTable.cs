using Distill.Runs;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Distill.Prompts;

/// <summary>
/// A Parquet file read one column of one row group at a time, as texts, numbers and lists. Files are not trusted: what
/// cannot be read is an <see cref="InputException"/> that names the file, and implausible sizes are refused before
/// anything is allocated. Not safe for several threads at once.
/// </summary>
public sealed class ParquetTable : IDisposable
{
    private const long MostRowsPerGroup = 1 << 24;
    private const long MostValuesPerGroup = 1 << 26;
    private const long MostBytesPerColumn = 1L << 32;

    private readonly FileStream _stream;
    private readonly ParquetReader _reader;
    private readonly Dictionary<string, (DataField Field, int ListLevel)> _columns = [];

    private ParquetTable(string path, FileStream stream, ParquetReader reader)
    {
        (Path, _stream, _reader) = (path, stream, reader);
        foreach (Field field in reader.Schema.Fields) AddColumns(field, "");
        Columns = [.. _columns.Keys];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>
    /// Column names in file order. A field of a struct is <c>struct.field</c>; the elements of a list carry the list's
    /// name, whatever the writer called its inner levels. Lists in lists and maps are left out.
    /// </summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Number of row groups.</summary>
    public int RowGroupCount => _reader.RowGroupCount;

    /// <summary>Rows in all row groups.</summary>
    public long RowCount => _reader.RowGroups.Sum(group => group.RowCount);

    /// <summary>Opens a file and reads its footer.</summary>
    /// <exception cref="InputException">The file is missing, or is not Parquet.</exception>
    public static ParquetTable Open(string path)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "check the path");
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            ParquetFooter.Check(stream);
            ParquetReader reader = ParquetReader.CreateAsync(stream, new ParquetOptions { TreatByteArrayAsString = true }, leaveStreamOpen: true)
                .GetAwaiter().GetResult();
            return new ParquetTable(path, stream, reader);
        }
        catch (Exception e) when (e is not InputException)
        {
            stream?.Dispose();
            throw Unreadable(path, e);
        }
    }

    /// <summary>Whether the file has a column of that name.</summary>
    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Whether a column holds lists.</summary>
    /// <exception cref="InputException">The column is missing.</exception>
    public bool IsList(string column) => Find(column).ListLevel > 0;

    /// <summary>What a column holds, e.g. <c>string</c>, <c>int64</c>, <c>list of string</c>.</summary>
    /// <exception cref="InputException">The column is missing.</exception>
    public string TypeOf(string column)
    {
        (DataField field, int listLevel) = Find(column);
        string type = field.ClrType switch
        {
            var clr when clr == typeof(ReadOnlyMemory<char>) || clr == typeof(string) => "string",
            var clr when clr == typeof(ReadOnlyMemory<byte>) || clr == typeof(byte[]) => "binary",
            var clr when clr == typeof(float) => "float",
            var clr when clr == typeof(bool) => "bool",
            var clr => clr.Name.ToLowerInvariant(),
        };
        return listLevel > 0 ? $"list of {type}" : type;
    }

    /// <summary>Rows of one row group.</summary>
    /// <exception cref="InputException">The number is implausible.</exception>
    public int RowsOf(int rowGroup)
    {
        long rows = _reader.RowGroups[rowGroup].RowCount;
        return rows is >= 0 and <= MostRowsPerGroup ? (int)rows
            : throw new InputException($"{Path}: row group {rowGroup} claims {rows} rows", "write the file again with smaller row groups");
    }

    /// <summary>Reads a column as texts, one per row; numbers in invariant form, null where the row has none.</summary>
    /// <exception cref="InputException">The column is missing, is a list, or cannot be read.</exception>
    public string?[] ReadTexts(int rowGroup, string column)
    {
        var texts = new string?[RowsOf(rowGroup)];
        ReadFlat(rowGroup, column, (row, cells, cell) => texts[row] = cells.TextAt(cell));
        return texts;
    }

    /// <summary>Reads a column of whole numbers, one per row, null where the row has none.</summary>
    /// <exception cref="InputException">The column is missing, holds something else, or cannot be read.</exception>
    public long?[] ReadIntegers(int rowGroup, string column)
    {
        var numbers = new long?[RowsOf(rowGroup)];
        ReadFlat(rowGroup, column, (row, cells, cell) => numbers[row] = cells.IntegerAt(cell));
        return numbers;
    }

    /// <summary>Reads a column of numbers, one per row, null where the row has none.</summary>
    /// <exception cref="InputException">The column is missing, holds something else, or cannot be read.</exception>
    public double?[] ReadNumbers(int rowGroup, string column)
    {
        var numbers = new double?[RowsOf(rowGroup)];
        ReadFlat(rowGroup, column, (row, cells, cell) => numbers[row] = cells.NumberAt(cell));
        return numbers;
    }

    /// <summary>Reads a column of lists, one list per row; empty where the row has none.</summary>
    /// <exception cref="InputException">The column is missing, is no list, or cannot be read.</exception>
    public IReadOnlyList<string?>[] ReadTextLists(int rowGroup, string column) => ReadLists<string?>(rowGroup, column, (cells, cell) => cells.TextAt(cell), null);

    /// <summary>Reads a column of lists of whole numbers, one list per row; empty where the row has none, 0 for an element without a value.</summary>
    /// <exception cref="InputException">The column is missing, is no list of numbers, or cannot be read.</exception>
    public int[][] ReadIntegerLists(int rowGroup, string column) =>
        Array.ConvertAll(ReadLists(rowGroup, column, (cells, cell) => checked((int)cells.IntegerAt(cell)), 0), list => list.ToArray());

    /// <summary>Reads a column of lists of numbers, one list per row; empty where the row has none, 0 for an element without a value.</summary>
    /// <exception cref="InputException">The column is missing, is no list of numbers, or cannot be read.</exception>
    public float[][] ReadNumberLists(int rowGroup, string column) =>
        Array.ConvertAll(ReadLists(rowGroup, column, (cells, cell) => (float)cells.NumberAt(cell), 0f), list => list.ToArray());

    private List<T>[] ReadLists<T>(int rowGroup, string column, Func<ParquetCells, int, T> valueAt, T missing)
    {
        (DataField field, int listLevel) = Find(column);
        if (listLevel == 0) throw new InputException($"{Path}: column `{column}` is not a list", "name another column");
        var lists = new List<T>[RowsOf(rowGroup)];
        for (int i = 0; i < lists.Length; i++) lists[i] = [];
        Read(rowGroup, column, field, (data, cells) =>
        {
            ReadOnlySpan<int> definitions = data.DefinitionLevels, repetitions = data.RepetitionLevels;
            int row = -1, cell = 0;
            for (int i = 0; i < definitions.Length; i++)
            {
                if (repetitions[i] == 0) row++;
                if (definitions[i] < listLevel) continue; // the list is empty or null
                lists[row].Add(definitions[i] == field.MaxDefinitionLevel ? valueAt(cells, cell++) : missing);
            }
        });
        return lists;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _stream.Dispose();
    }

    private void AddColumns(Field field, string prefix)
    {
        switch (field)
        {
            case DataField data when data.MaxRepetitionLevel <= 1:
                _columns.TryAdd(prefix + data.Name, (data, data.IsArray ? data.MaxDefinitionLevel : 0));
                break;
            case ListField { MaxRepetitionLevel: 1 } list:
                Field item = list.Item;
                int level = item.MaxDefinitionLevel - (item.IsNullable ? 1 : 0);
                if (item is DataField element) _columns.TryAdd(prefix + list.Name, (element, level));
                else if (item is StructField itemStruct) AddFields(itemStruct, prefix + list.Name + ".", level);
                break;
            case StructField { MaxRepetitionLevel: 0 } group:
                AddFields(group, prefix + group.Name + ".", 0);
                break;
        }
    }

    private void AddFields(StructField group, string prefix, int listLevel)
    {
        foreach (Field field in group.Fields)
        {
            if (listLevel == 0) AddColumns(field, prefix);
            else if (field is DataField { MaxRepetitionLevel: 1 } data) _columns.TryAdd(prefix + data.Name, (data, listLevel));
        }
    }

    private (DataField Field, int ListLevel) Find(string column) => _columns.TryGetValue(column, out var found) ? found
        : throw new InputException($"{Path}: column `{column}` is missing", $"the file has the columns {string.Join(", ", Columns.Select(name => $"`{name}`"))}");

    private void ReadFlat(int rowGroup, string column, Action<int, ParquetCells, int> store)
    {
        (DataField field, int listLevel) = Find(column);
        if (listLevel > 0) throw new InputException($"{Path}: column `{column}` is a list", "name another column");
        int rows = RowsOf(rowGroup);
        Read(rowGroup, column, field, (data, cells) =>
        {
            if (field.MaxDefinitionLevel == 0)
            {
                for (int row = 0; row < rows; row++) store(row, cells, row);
                return;
            }
            int cell = 0;
            for (int row = 0; row < rows; row++)
                if (data.DefinitionLevels[row] == field.MaxDefinitionLevel) store(row, cells, cell++);
        });
    }

    private void Read(int rowGroup, string column, DataField field, Action<RawColumnData, ParquetCells> use)
    {
        ParquetRowGroupReader group = _reader.OpenRowGroupReader(rowGroup);
        try
        {
            var metadata = group.GetMetadata(field)?.MetaData ?? throw new InvalidDataException("no column metadata");
            if (metadata.NumValues is < 0 or > MostValuesPerGroup || metadata.TotalUncompressedSize is < 0 or > MostBytesPerColumn)
                throw new InvalidDataException($"implausible sizes ({metadata.NumValues} values, {metadata.TotalUncompressedSize} bytes)");
            using RawColumnData data = group.ReadRawColumnDataBaseAsync(field, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (ParquetCells.TryFrom(data) is not { } cells)
                throw new InputException($"{Path}: column `{column}` holds {field.ClrType.Name} values, which are not understood", "store it as text or numbers");
            use(data, cells);
        }
        catch (Exception e) when (e is not InputException) // a damaged file surfaces as any kind of exception of the library
        {
            throw Unreadable($"{Path}: column `{column}`", e);
        }
    }

    private static InputException Unreadable(string what, Exception e) => e is UnauthorizedAccessException
        ? new InputException($"{what}: cannot be read (permission denied)", "change its permissions", inner: e)
        : new InputException($"{what}: is not a readable Parquet file ({e.Message.ReplaceLineEndings(" ")})",
            "the file is damaged or still being written; make it again", inner: e);
}
