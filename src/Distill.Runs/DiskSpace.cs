namespace Distill.Runs;

/// <summary>Free space, looked at before something large is written.</summary>
public static class DiskSpace
{
    // Heads, manifests and what else grows on the disk meanwhile.
    private const long Reserve = 64L << 20;

    /// <summary>Refuses to start what cannot fit.</summary>
    /// <param name="folder">Where it will be written; need not exist yet.</param>
    /// <param name="bytes">How much.</param>
    /// <exception cref="InputException">The disk has less.</exception>
    public static void Require(string folder, long bytes)
    {
        string? existing = Path.GetFullPath(folder);
        while (existing is not null && !Directory.Exists(existing)) existing = Path.GetDirectoryName(existing);
        if (existing is null) return;
        long free = new DriveInfo(existing).AvailableFreeSpace;
        if (free >= bytes + Reserve) return;
        throw new InputException($"{folder}: {Text(bytes)} are to be written, but the disk has {Text(free)} free", "free some space, or choose another `--out` or fewer and smaller types");
    }

    /// <summary>A number of bytes for people, e.g. <c>4.7 GB</c>.</summary>
    public static string Text(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{bytes / 1e9:0.0} GB",
        >= 1_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e3:0.0} kB",
    };
}
