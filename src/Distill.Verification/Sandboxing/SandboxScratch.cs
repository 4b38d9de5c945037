using System.Globalization;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// A private folder for the files that go into sandboxes, removed at the end of the process. What a killed process left is removed by
/// the next one.
/// </summary>
internal sealed class SandboxScratch : IDisposable
{
    private const string Prefix = "distill-sandbox-";
    private readonly string _folder;

    public SandboxScratch(ReadOnlySpan<byte> filter)
    {
        RemoveLeftovers();
        _folder = Directory.CreateTempSubdirectory($"{Prefix}{Environment.ProcessId}-").FullName; // readable for us alone
        Filter = Path.Combine(_folder, "filter.bpf");
        Write(Filter, filter);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
    }

    /// <summary>File with the system call filter.</summary>
    public string Filter { get; }

    /// <summary>Path of a slot's file.</summary>
    public string PathOf(int slot, string name) => Path.Combine(_folder, $"{slot}-{name}");

    /// <summary>Writes a slot's numbered file and gives its path.</summary>
    public string Write(int slot, int number, ReadOnlySpan<byte> content)
    {
        string path = PathOf(slot, number.ToString(CultureInfo.InvariantCulture));
        Write(path, content);
        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => Remove(_folder);

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        stream.Write(content);
    }

    private static void RemoveLeftovers()
    {
        foreach (string folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            string owner = Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (!Directory.Exists("/proc/" + owner)) Remove(folder);
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // somebody else's, or already gone
        }
    }
}
