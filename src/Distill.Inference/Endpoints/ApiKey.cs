using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>
/// The secret that an endpoint asks for. It leaves this type only in the request header: it is never printed, logged,
/// stored or put into an error message.
/// </summary>
public sealed class ApiKey
{
    /// <summary>Environment variables that are looked at, in this order.</summary>
    public static IReadOnlyList<string> Variables { get; } = ["DISTILL_API_KEY", "OPENAI_API_KEY"];

    private readonly string _secret;

    private ApiKey(string secret) => _secret = secret;

    /// <summary>Finds the key: in <paramref name="file"/> when one is named, else in the environment; null when there is none.</summary>
    /// <exception cref="InputException">The file is missing or empty, or the key cannot stand in a header.</exception>
    public static ApiKey? Find(string? file) => Find(file, Environment.GetEnvironmentVariable);

    /// <summary>Text with every occurrence of the key hidden: servers echo what they refuse.</summary>
    public string Redact(string text) => text.Replace(_secret, "(key)", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => "(key)";

    internal static ApiKey? Find(string? file, Func<string, string?> variable)
    {
        if (file is not null)
        {
            if (!File.Exists(file)) throw new InputException($"{file}: no such file", "name the file that holds the API key, alone on its first line");
            return Create(File.ReadLines(file).FirstOrDefault(), file)
                ?? throw new InputException($"{file}: holds no API key", "put the key alone on the first line");
        }
        foreach (string name in Variables)
            if (Create(variable(name), name) is { } key) return key;
        return null;
    }

    internal void Authorize(HttpRequestMessage request, bool azure = false)
    {
        if (azure) request.Headers.TryAddWithoutValidation("api-key", _secret);
        else request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + _secret);
    }

    private static ApiKey? Create(string? text, string from)
    {
        string secret = text?.Trim() ?? "";
        if (secret.Length == 0) return null;
        if (secret.Any(character => character is <= ' ' or > '~'))
            throw new InputException($"{from}: the API key holds a space or a character outside ASCII", "copy it again, without quotes", exitCode: 3);
        return new ApiKey(secret);
    }
}
