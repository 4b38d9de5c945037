using Distill.Runs;

namespace Distill.Inference.Endpoints;

/// <summary>Base address of an OpenAI-compatible server.</summary>
internal static class EndpointAddress
{
    /// <summary>Reads what the user typed; gives an address without a slash at the end, e.g. <c>http://host:8000/v1</c>.</summary>
    /// <exception cref="InputException">It is no http address, or it carries a password or a query.</exception>
    public static Uri Parse(string text)
    {
        string trimmed = text.Trim();
        if (!Uri.TryCreate(trimmed, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new InputException($"--endpoint {trimmed}: is not an http address", "give it like http://localhost:8000/v1");
        if (uri.UserInfo.Length > 0)
            throw new InputException($"--endpoint {uri.Host}: the address holds a name or password", "leave it out; a key belongs in the environment variable DISTILL_API_KEY");
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw new InputException($"--endpoint {uri.Host}: the address holds a query (?...) or fragment", "give the base address only, like http://localhost:8000/v1");
        string path = uri.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/chat/completions", StringComparison.Ordinal)) path = path[..^"/chat/completions".Length];
        if (path.Length == 0) path = "/v1";
        return new Uri(uri.GetLeftPart(UriPartial.Authority) + path);
    }
}
