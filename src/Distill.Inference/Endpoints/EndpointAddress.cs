using System.Buffers;
using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>Address of a server.</summary>
/// <param name="Base">Base address without a slash at the end, e.g. <c>http://host:8000/v1</c>.</param>
/// <param name="Query">Query that every request carries, with its question mark (Azure's <c>?api-version=…</c>), or empty.</param>
internal sealed record EndpointAddress(Uri Base, string Query)
{
    private const string Completions = "/chat/completions";
    private const string VersionQuery = "?api-version=";

    private static readonly SearchValues<char> VersionCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");

    /// <summary>Address of the server itself, where engines keep what is not OpenAI's protocol: <c>/metrics</c>, <c>/props</c>.</summary>
    public string Root => Base.ToString() is var text && text.EndsWith("/v1", StringComparison.Ordinal) ? text[..^3] : text.TrimEnd('/');

    /// <summary>Reads what the user typed.</summary>
    /// <exception cref="InputException">It is no http address, or it carries a password or a query.</exception>
    public static EndpointAddress Parse(string text)
    {
        string trimmed = text.Trim();
        if (!Uri.TryCreate(trimmed, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new InputException($"--endpoint {trimmed}: is not an http address", "give it like http://localhost:8000/v1");
        if (uri.UserInfo.Length > 0)
            throw new InputException($"--endpoint {uri.Host}: the address holds a name or password", "leave it out; a key belongs in the environment variable DISTILL_API_KEY");
        if (uri.Fragment.Length > 0 || (uri.Query.Length > 0 && !IsVersion(uri.Query)))
            throw new InputException($"--endpoint {uri.Host}: the address holds a query (?...) or fragment", "give the base address only, like http://localhost:8000/v1");
        string path = uri.AbsolutePath.TrimEnd('/');
        if (path.EndsWith(Completions, StringComparison.Ordinal)) path = path[..^Completions.Length];
        if (path.Length == 0) path = "/v1";
        return new(new Uri(uri.GetLeftPart(UriPartial.Authority) + path), uri.Query);
    }

    /// <summary>Address of a request.</summary>
    public string Of(string path) => Base + path + Query;

    /// <inheritdoc/>
    public override string ToString() => Base.ToString();

    private static bool IsVersion(string query) =>
        query.StartsWith(VersionQuery, StringComparison.Ordinal) && query.AsSpan(VersionQuery.Length).IndexOfAnyExcept(VersionCharacters) < 0;
}
