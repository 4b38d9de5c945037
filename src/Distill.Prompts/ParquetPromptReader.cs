using Distill.Chat;
using Distill.Runs;

namespace Distill.Prompts;

/// <summary>
/// Reads prompts from Parquet: a text column, or a list of message structs as Hugging Face datasets have them. Trace files
/// are read too. See <see cref="ColumnMap"/>.
/// </summary>
public static class ParquetPromptReader
{
    /// <summary>Reads a file, one row group in memory at a time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Which columns hold what.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <exception cref="InputException">The file is damaged, no column holds the problem, or a row lacks something.</exception>
    public static IEnumerable<Prompt> Read(string path, ColumnMap? columns = null, bool answerRequired = false)
    {
        ColumnMap map = columns ?? ColumnMap.Automatic;
        using ParquetTable table = ParquetTable.Open(path);
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string column in table.Columns) names.TryAdd(column, column);

        string source = PromptReader.SourceOf(path);
        string prompt = ColumnMap.Find(map.Prompt, ColumnMap.PromptNames, name => names.ContainsKey(name) || HasMessages(names, name))
            ?? throw Missing(table, map.Prompt ?? "prompt");
        if (answerRequired && Name(map.Answer, ColumnMap.AnswerNames) is null && Name(map.Solution, ColumnMap.SolutionNames) is null && names.ContainsKey(prompt))
            throw Missing(table, map.Answer ?? "answer");
        long number = 0;
        for (int rowGroup = 0; rowGroup < table.RowGroupCount; rowGroup++)
        {
            IReadOnlyList<Message>[]? messages = names.ContainsKey(prompt) ? null : Messages(table, rowGroup, names, prompt);
            string?[]? texts = messages is null ? Texts(table, rowGroup, names[prompt], "\n\n") : null;
            string?[]? contexts = Column(null, ColumnMap.ContextNames, "\n\n");
            string?[]? inputs = prompt == "instruction" ? Column("input", ["input"], "\n\n") : null;
            string?[]? answers = Column(map.Answer, ColumnMap.AnswerNames, ", "), solutions = Column(map.Solution, ColumnMap.SolutionNames, "\n\n");
            string?[]? sources = Column(map.Source, ColumnMap.SourceNames, "/"), ids = Column(map.Id, ColumnMap.IdNames, "/");
            for (int row = 0; row < table.RowsOf(rowGroup); row++)
            {
                yield return new PromptFields
                {
                    Where = $"{path}: row {++number}",
                    Id = ids?[row] is { } id && !id.All(char.IsAsciiDigit) ? id : null,
                    Messages = messages?[row],
                    Text = texts?[row],
                    Context = contexts?[row],
                    Input = inputs?[row],
                    Answer = answers?[row],
                    Solution = solutions?[row],
                    Source = sources?[row],
                }.ToPrompt(map, source, answerRequired);
            }

            string?[]? Column(string? chosen, string[] known, string separator) =>
                Name(chosen, known) is { } name ? Texts(table, rowGroup, names[name], separator) : null;
        }

        string? Name(string? chosen, string[] known) => ColumnMap.Find(chosen, known, names.ContainsKey);
    }

    private static bool HasMessages(Dictionary<string, string> names, string column) =>
        (names.ContainsKey($"{column}.role") && names.ContainsKey($"{column}.content"))
        || (names.ContainsKey($"{column}.from") && names.ContainsKey($"{column}.value"));

    private static string?[] Texts(ParquetTable table, int rowGroup, string column, string separator) => table.IsList(column)
        ? Array.ConvertAll(table.ReadTextLists(rowGroup, column), list => (string?)string.Join(separator, list))
        : table.ReadTexts(rowGroup, column);

    private static IReadOnlyList<Message>[] Messages(ParquetTable table, int rowGroup, Dictionary<string, string> names, string column)
    {
        bool openAI = names.ContainsKey($"{column}.role");
        IReadOnlyList<string?>[] roles = table.ReadTextLists(rowGroup, names[$"{column}.{(openAI ? "role" : "from")}"]);
        IReadOnlyList<string?>[] contents = table.ReadTextLists(rowGroup, names[$"{column}.{(openAI ? "content" : "value")}"]);
        var messages = new IReadOnlyList<Message>[roles.Length];
        for (int row = 0; row < messages.Length; row++)
        {
            messages[row] = [.. roles[row].Zip(contents[row], (name, content) => MessageRoles.TryParse(name, out MessageRole role)
                ? new Message(role, content ?? "")
                : throw new InputException($"{table.Path}: row group {rowGroup}, row {row}: a message has the unknown role `{name}`", "roles are system, user, assistant and tool"))];
        }
        return messages;
    }

    private static InputException Missing(ParquetTable table, string column) => new($"{table.Path}: column `{column}` is missing",
        $"the file has the columns {string.Join(", ", table.Columns.Select(name => $"`{name}`"))}");
}
