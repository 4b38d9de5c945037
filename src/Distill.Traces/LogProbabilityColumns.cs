using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;

namespace Distill.Traces;

/// <summary>The columns of <see cref="TraceSchema.LogProbabilityColumns"/> of one row group.</summary>
internal sealed class LogProbabilityColumns
{
    private readonly ParquetTable _table;
    private readonly int _rowGroup;
    private readonly string?[] _vocabularies;
    private readonly long?[] _widths;
    private readonly int[][] _tokens, _topTokens;
    private readonly float[][] _values;

    private LogProbabilityColumns(ParquetTable table, int rowGroup)
    {
        (_table, _rowGroup) = (table, rowGroup);
        _vocabularies = table.ReadTexts(rowGroup, TraceSchema.Vocabulary);
        _widths = table.ReadIntegers(rowGroup, TraceSchema.TopLogProbabilityCount);
        _tokens = table.ReadIntegerLists(rowGroup, TraceSchema.CompletionTokenIds);
        _topTokens = table.ReadIntegerLists(rowGroup, TraceSchema.TopTokenIds);
        _values = table.ReadNumberLists(rowGroup, TraceSchema.TopLogProbabilities);
    }

    /// <summary>Reads them, or gives null where the file has none: older files, and traces of which nobody asked.</summary>
    /// <exception cref="InputException">A column cannot be read.</exception>
    public static LogProbabilityColumns? TryRead(ParquetTable table, int rowGroup) =>
        TraceSchema.LogProbabilityColumns.All(table.Has) ? new(table, rowGroup) : null;

    /// <summary>Likeliest tokens of each position of a row; 0 where it has none.</summary>
    public int WidthAt(int row) => _widths[row] is > 0 and <= int.MaxValue and { } width ? (int)width : 0;

    /// <summary>The log-probabilities of a row, or null where it has none.</summary>
    /// <exception cref="InputException">The lists do not belong together.</exception>
    public TopLogProbabilities? At(int row)
    {
        if (_vocabularies[row] is not { } vocabulary || WidthAt(row) == 0) return null;
        var found = new TopLogProbabilities(vocabulary, WidthAt(row), _tokens[row], _topTokens[row], Array.ConvertAll(_values[row], value => (Half)value));
        return found.IsWhole ? found : throw TraceRowGroup.Bad(_table, _rowGroup, row, TraceSchema.TopLogProbabilities,
            $"has {_values[row].Length} values for {_tokens[row].Length} tokens of {WidthAt(row)} likeliest ones each");
    }
}
