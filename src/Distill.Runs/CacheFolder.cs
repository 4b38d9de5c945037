namespace Distill.Runs;

/// <summary>
/// Where things are kept that can be made again but are worth keeping between runs: <c>$DISTILL_CACHE</c>, else
/// <c>$XDG_CACHE_HOME/distill</c>, else <c>~/.cache/distill</c>. Everything in it may be deleted at any time.
/// </summary>
public static class CacheFolder
{
    /// <summary>The folder for one kind of thing, e.g. <c>tokens</c>.</summary>
    /// <param name="kind">Its name there.</param>
    /// <param name="otherwise">The folder to take where nothing can be written there: containers often have no home, or one that is read-only.</param>
    public static string Of(string kind, string otherwise) => Of(kind, otherwise, Environment.GetEnvironmentVariable);

    internal static string Of(string kind, string otherwise, Func<string, string?> variable)
    {
        if (Find(kind, variable) is not { } folder) return otherwise;
        try
        {
            Directory.CreateDirectory(folder);
            using (File.OpenHandle(Path.Combine(folder, "." + Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose)) return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return otherwise;
        }
    }

    private static string? Find(string kind, Func<string, string?> variable)
    {
        if (variable("DISTILL_CACHE") is { Length: > 0 } own) return Path.Combine(own, kind);
        if (variable("XDG_CACHE_HOME") is { Length: > 0 } shared) return Path.Combine(shared, "distill", kind);
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0 ? Path.Combine(home, ".cache", "distill", kind) : null;
    }
}
