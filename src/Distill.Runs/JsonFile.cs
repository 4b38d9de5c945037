using System.Text.Json;
using System.Text.Json.Nodes;

namespace Distill.Runs;

/// <summary>A JSON file from outside, of bounded size.</summary>
public static class JsonFile
{
    private const int MostBytes = 16 << 20;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The object that a file holds, or null when there is no such file.</summary>
    /// <exception cref="InputException">It is too large, or holds no JSON object.</exception>
    public static JsonObject? Read(string path)
    {
        if (!File.Exists(path)) return null;
        if (new FileInfo(path).Length > MostBytes) throw new InputException($"{path}: is larger than {MostBytes >> 20} MiB", "no such file is; download or write it again");
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: Strict) as JsonObject ?? throw new InputException($"{path}: is not a JSON object", "download or write it again");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}:{e.LineNumber + 1}: is not valid JSON", "download or write it again", inner: e);
        }
    }
}
