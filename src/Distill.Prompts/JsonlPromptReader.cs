using System.Text.Json;
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
    /// <param name="onBadRow">Told of each row that cannot be read, which is then left out; null makes it an error.</param>
    /// <exception cref="InputException">A row is not a JSON object, or lacks something; the message names the line.</exception>
    public static IEnumerable<Prompt> Read(string path, ColumnMap? columns = null, bool answerRequired = false, Action<InputException>? onBadRow = null)
    {
        string source = PromptReader.SourceOf(path);
        ColumnMap map = columns ?? ColumnMap.Automatic;
        IEnumerable<Prompt?> prompts = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? DatasetReader.Read(path).Select(row => PromptReader.TryRead(() => row.ToPrompt(map, source, answerRequired), onBadRow))
            : JsonLines.Read(path).Select(line => PromptReader.TryRead(() => ReadLine($"{path}:{line.Number}", line.Utf8), onBadRow));
        return prompts.OfType<Prompt>();

        Prompt ReadLine(string where, ReadOnlyMemory<byte> utf8)
        {
            using JsonDocument document = JsonDocuments.Parse(where, () => JsonDocument.Parse(utf8));
            return new JsonRow(where, document.RootElement).ToPrompt(map, source, answerRequired);
        }
    }
}
