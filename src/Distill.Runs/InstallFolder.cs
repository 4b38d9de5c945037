namespace Distill.Runs;

/// <summary>Finds what is delivered with distill (pipelines, the embedded teacher) from any working folder.</summary>
public static class InstallFolder
{
    /// <summary>Whether a text can only be a name: it is no reference to a stage, has no folder in it, and nothing of that name is there.</summary>
    /// <param name="text">What the user wrote where a path or a name may stand.</param>
    public static bool IsOnlyAName(string text) => text.Length > 0 && text[0] != '$' && text.AsSpan().IndexOfAny('/', '\\') < 0 && Find(text) is null;

    /// <summary>
    /// The path itself if it exists from the working folder; else the same path below the program's folder or one of that
    /// folder's parents (a clone's root); else null.
    /// </summary>
    /// <param name="path">A path as the user wrote it; absolute paths are taken as they are.</param>
    public static string? Find(string path)
    {
        string here = Path.GetFullPath(path);
        if (Path.Exists(here)) return here;
        if (Path.IsPathRooted(path)) return null;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string candidate = Path.GetFullPath(Path.Combine(folder.FullName, path));
            if (Path.Exists(candidate)) return candidate;
            if (Path.Exists(Path.Combine(folder.FullName, "Distill.sln"))) return null; // not above the clone
        }
        return null;
    }
}
