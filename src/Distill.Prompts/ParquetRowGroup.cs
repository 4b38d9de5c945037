using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>The rows of one row group; a column is read when a row first asks for it.</summary>
internal sealed class ParquetRowGroup
{
    private static readonly (string Role, string Content)[] Speakers = [("role", "content"), ("from", "value")];

    private readonly ParquetTable _table;
    private readonly int _rowGroup;
    private readonly long _firstRow;
    private readonly Dictionary<string, string> _names;
    private readonly Dictionary<string, string?[]> _texts = [];
    private readonly Dictionary<string, IReadOnlyList<string?>[]> _lists = [];

    /// <param name="table">The file.</param>
    /// <param name="rowGroup">Index of the row group.</param>
    /// <param name="firstRow">Number of the group's first row in the file, from 1.</param>
    public ParquetRowGroup(ParquetTable table, int rowGroup, long firstRow)
    {
        (_table, _rowGroup, _firstRow) = (table, rowGroup, firstRow);
        _names = NamesOf(table);
    }

    /// <summary>The rows, in order.</summary>
    public IEnumerable<DatasetRow> Rows() => Enumerable.Range(0, _table.RowsOf(_rowGroup)).Select(row => new Row(this, row));

    /// <summary>Whether a file has a column or a list of messages of one of those names.</summary>
    public static bool HasAny(ParquetTable table, string? chosen, string[] known)
    {
        Dictionary<string, string> names = NamesOf(table);
        return ColumnMap.Find(chosen, known, name => names.ContainsKey(name) || HasMessages(names, name)) is not null;
    }

    private static Dictionary<string, string> NamesOf(ParquetTable table)
    {
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string column in table.Columns) names.TryAdd(column, column);
        return names;
    }

    private static bool HasMessages(Dictionary<string, string> names, string column) =>
        Speakers.Any(pair => names.ContainsKey($"{column}.{pair.Role}") && names.ContainsKey($"{column}.{pair.Content}"));

    private string?[] TextsOf(string column)
    {
        if (!_texts.TryGetValue(column, out string?[]? texts)) _texts.Add(column, texts = _table.ReadTexts(_rowGroup, column));
        return texts;
    }

    private IReadOnlyList<string?>[] ListsOf(string column)
    {
        if (!_lists.TryGetValue(column, out IReadOnlyList<string?>[]? lists)) _lists.Add(column, lists = _table.ReadTextLists(_rowGroup, column));
        return lists;
    }

    private sealed class Row(ParquetRowGroup group, int row) : DatasetRow
    {
        public override string Where => $"{group._table.Path}: row {group._firstRow + row}";

        public override IEnumerable<string> Names => group._table.Columns;

        public override bool Has(string name) => group._names.TryGetValue(name, out string? column)
            ? group._table.IsList(column) || group.TextsOf(column)[row] is not null
            : HasMessages(group._names, name);

        public override string? Text(string name, string separator = "\n\n") => !group._names.TryGetValue(name, out string? column) ? null
            : group._table.IsList(column) ? string.Join(separator, group.ListsOf(column)[row]) : group.TextsOf(column)[row];

        public override IReadOnlyList<string?>? Texts(string name) =>
            group._names.TryGetValue(name, out string? column) && group._table.IsList(column) ? group.ListsOf(column)[row] : null;

        public override IReadOnlyList<Message>? Messages(string name)
        {
            if (group._names.ContainsKey(name) || !HasMessages(group._names, name)) return null;
            (string roleName, string contentName) = Array.Find(Speakers, pair => group._names.ContainsKey($"{name}.{pair.Role}"));
            IReadOnlyList<string?> roles = List(roleName)!, contents = List(contentName)!;
            IReadOnlyList<string?>? reasonings = List("reasoning_content") ?? List("reasoning");
            var messages = new Message[Math.Min(roles.Count, contents.Count)];
            for (int i = 0; i < messages.Length; i++)
            {
                messages[i] = MessageRoles.TryParse(roles[i], out MessageRole role)
                    ? new Message(role, contents[i] ?? "", reasonings is not null && i < reasonings.Count ? reasonings[i] : null)
                    : throw new InputException($"{Where}: a message has the unknown role `{roles[i]}`", "roles are system, user, assistant and tool");
            }
            return messages;

            IReadOnlyList<string?>? List(string field) => group._names.TryGetValue($"{name}.{field}", out string? column) ? group.ListsOf(column)[row] : null;
        }

        internal override string? Json(string name)
        {
            if (group._names.TryGetValue(name, out string? column))
            {
                if (!group._table.IsList(column)) return group.TextsOf(column)[row] is { } text ? VerificationColumns.Quote(text) : null;
                return $"[{string.Join(',', group.ListsOf(column)[row].Select(QuoteOrNull))}]";
            }
            string prefix = name + ".";
            string[] fields = [.. group._names.Keys.Where(field => field.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))];
            if (fields.Length == 0) return null;
            return fields.All(field => group._table.IsList(group._names[field])) && !fields.Any(IsOwnList) ? ListOfObjects(fields, prefix.Length) : Object(fields, prefix.Length);
        }

        // A list of structs and a struct of lists have the same columns; of the latter only code_contests' tests are known.
        private static bool IsOwnList(string field) => field.EndsWith("_tests.input", StringComparison.OrdinalIgnoreCase) && !field.StartsWith("official", StringComparison.OrdinalIgnoreCase);

        private string Object(string[] fields, int prefix) => $"{{{string.Join(',', fields.Select(field => $"{VerificationColumns.Quote(field[prefix..])}:{Json(field) ?? "null"}"))}}}";

        private string ListOfObjects(string[] fields, int prefix)
        {
            IReadOnlyList<string?>[] lists = [.. fields.Select(field => group.ListsOf(group._names[field])[row])];
            int count = lists.Max(list => list.Count);
            return $"[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{{string.Join(',', fields.Select((field, f) => $"{VerificationColumns.Quote(field[prefix..])}:{QuoteOrNull(i < lists[f].Count ? lists[f][i] : null)}"))}}}"))}]";
        }

        private static string QuoteOrNull(string? text) => text is null ? "null" : VerificationColumns.Quote(text);

        internal override string? Id(string name) => Text(name, "/") is { } id && !id.All(char.IsAsciiDigit) ? id : null;
    }
}
