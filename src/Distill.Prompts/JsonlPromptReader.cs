using Distill.Runs;

namespace Distill.Prompts;

/// <summary>
/// Reads prompts from JSON: one object per line, or (<c>.json</c>) one array of objects. Understands the keys of GSM8K,
/// MATH, OpenAI messages, ShareGPT and Alpaca, see <see cref="ColumnMap"/>.
/// </summary>
public static class JsonlPromptReader
{
    /// <summary>Reads a file, one prompt at a time.</summary>
    /// <param name="path">The file: lines, gzip-compressed when its name ends in <c>.gz</c>, or one document when it ends in <c>.json</c>.</param>
    /// <param name="columns">Which keys hold what.</param>
    /// <param name="answerRequired">Whether a row without reference answer is an error.</param>
    /// <exception cref="InputException">A row is not a JSON object, or lacks something; the message names the line.</exception>
    public static IEnumerable<Prompt> Read(string path, ColumnMap? columns = null, bool answerRequired = false)
    {
        string source = PromptReader.SourceOf(path);
        return DatasetReader.Read(path).Select(row => row.ToPrompt(columns ?? ColumnMap.Automatic, source, answerRequired));
    }
}
