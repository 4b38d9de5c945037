using System.Text;
using System.Text.Json;

namespace Distill.Inference.Endpoints;

/// <summary>
/// An error as servers write it: <c>{"error":{"message","type","code"}}</c>, <c>{"error":"text"}</c> (Ollama),
/// <c>{"object":"error","message"}</c> (SGLang, older vLLM), <c>{"detail":…}</c> (FastAPI), or no JSON at all (proxies).
/// </summary>
/// <param name="Message">What the server says, shortened to one line.</param>
/// <param name="Type">Its type or code in words, e.g. <c>invalid_request_error</c>, <c>insufficient_quota</c>; may be empty.</param>
/// <param name="Status">The HTTP status that it names, or 0.</param>
internal sealed record ServerError(string Message, string Type, int Status)
{
    private const int MostCharacters = 300;

    /// <summary>Reads the body of a reply that failed.</summary>
    public static ServerError Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (Find(document.RootElement) is { } error) return error;
        }
        catch (JsonException) { } // a proxy's HTML page or plain text: shown as it is
        return new ServerError(OneLine(Encoding.UTF8.GetString(body)), "", 0);
    }

    /// <summary>The error in a JSON value, or null when it holds none.</summary>
    public static ServerError? Find(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) return null;
        if (root.TryGetProperty("error", out JsonElement error) && error.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            return error.ValueKind == JsonValueKind.Object ? FromObject(error) : new ServerError(OneLine(Text(error)), "", 0);
        if (root.TryGetProperty("object", out JsonElement kind) && Text(kind) == "error") return FromObject(root);
        return root.TryGetProperty("detail", out JsonElement detail) ? new ServerError(OneLine(Text(detail)), "", 0) : null;
    }

    /// <summary>Reads an object with <c>message</c>, <c>type</c>, <c>code</c>.</summary>
    public static ServerError FromObject(JsonElement error)
    {
        string message = Text(error, "message"), type = Text(error, "type"), code = Text(error, "code");
        bool isStatus = int.TryParse(code, out int status);
        if (message.Length == 0) message = error.GetRawText();
        return new ServerError(OneLine(message), isStatus ? type : $"{type} {code}".Trim(), isStatus ? status : 0);
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? Text(value) : "";

    // Half a surrogate pair, which JSON can escape, is no text: it is shown as it was sent.
    private static string Text(JsonElement value)
    {
        try
        {
            return value.ToString();
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText();
        }
    }

    private static string OneLine(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MostCharacters ? line : line[..MostCharacters] + "…";
    }
}
