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
    /// <param name="onBadRow">Told of each row that cannot be read, which is then left out; null makes it an error.</param>
    /// <exception cref="InputException">The file is damaged, no column holds the problem, or a row lacks something.</exception>
    public static IEnumerable<Prompt> Read(string path, ColumnMap? columns = null, bool answerRequired = false, Action<InputException>? onBadRow = null)
    {
        ColumnMap map = columns ?? ColumnMap.Automatic;
        using ParquetTable table = ParquetTable.Open(path);
        if (!ParquetRowGroup.HasAny(table, map.Prompt, ColumnMap.PromptNames)) throw Missing(table, map.Prompt ?? "prompt");
        if (map.Answer is not null && answerRequired && !ParquetRowGroup.HasAny(table, map.Answer, [])) throw Missing(table, map.Answer);
        string source = PromptReader.SourceOf(path);
        foreach (DatasetRow row in DatasetReader.Rows(table))
            if (PromptReader.TryRead(() => row.ToPrompt(map, source, answerRequired), onBadRow) is { } prompt) yield return prompt;
    }

    private static InputException Missing(ParquetTable table, string column) => new($"{table.Path}: column `{column}` is missing",
        $"the file has the columns {string.Join(", ", table.Columns.Select(name => $"`{name}`"))}");
}
