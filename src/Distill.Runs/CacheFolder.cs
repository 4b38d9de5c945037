namespace Distill.Runs;

/// <summary>
/// Where things are kept that can be made again but are worth keeping between runs: <c>$DISTILL_CACHE</c>, else
/// <c>$XDG_CACHE_HOME/distill</c>, else <c>~/.cache/distill</c>. Everything in it may be deleted at any time.
/// </summary>
public static class CacheFolder
{
    /// <summary>The folder for one kind of thing, e.g. <c>tokens</c>. It need not exist yet.</summary>
    public static string Of(string kind)
    {
        string? own = Environment.GetEnvironmentVariable("DISTILL_CACHE");
        if (!string.IsNullOrEmpty(own)) return Path.Combine(own, kind);
        string? shared = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(shared)) shared = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(shared, "distill", kind);
    }
}
