using Distill.Runs;

namespace Distill.Prompts;

/// <summary>Reads prompts from a file or folder in any of the formats that are understood.</summary>
public static class PromptReader
{
    private static readonly string[] GenericNames = ["train", "test", "dev", "val", "validation", "data", "default", "prompts"];

    /// <summary>
    /// Reads <c>.jsonl</c>, <c>.jsonl.gz</c>, <c>.jsonl.zst</c>, <c>.json</c> or <c>.parquet</c>, or all but the <c>.json</c>
    /// files of a folder in ordinal order of their names.
    /// </summary>
    /// <param name="path">File or folder.</param>
    /// <param name="columns">Which keys or columns hold what.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <param name="onBadRow">Told of each row that cannot be read, which is then left out; null makes it an error.</param>
    /// <exception cref="InputException">Nothing readable is there, or a row lacks something; the message names file and line.</exception>
    public static IEnumerable<Prompt> Read(string path, ColumnMap? columns = null, bool answerRequired = false, Action<InputException>? onBadRow = null)
    {
        foreach (string file in DatasetReader.FilesOf(path))
        {
            IEnumerable<Prompt> prompts = file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)
                ? ParquetPromptReader.Read(file, columns, answerRequired, onBadRow) : JsonlPromptReader.Read(file, columns, answerRequired, onBadRow);
            foreach (Prompt prompt in prompts) yield return prompt;
        }
    }

    /// <summary>A row's prompt; null when it cannot be read and that is no error.</summary>
    internal static Prompt? TryRead(Func<Prompt> read, Action<InputException>? onBadRow)
    {
        try
        {
            return read();
        }
        catch (InputException e) when (onBadRow is not null)
        {
            onBadRow(e);
            return null;
        }
    }

    /// <summary>Source of the rows of a file that name none: its name, with its folder's where the name says little.</summary>
    public static string SourceOf(string path)
    {
        string name = Path.GetFileName(path).Split('.')[0];
        string? folder = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)));
        return GenericNames.Contains(name) && !string.IsNullOrEmpty(folder) ? $"{folder}/{name}" : name;
    }
}
