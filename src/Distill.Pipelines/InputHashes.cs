using System.Text.Json;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>
/// Content hashes of input files and folders. Hashes of large files are kept in a small file by path, size and time of the
/// last change, so that asking again costs nothing.
/// </summary>
internal sealed class InputHashes(string cacheFile, TimeProvider time)
{
    private const long SmallestKept = 1 << 20;

    // A file changed again within the clock's grain would look unchanged; wait until its time is safely past.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Entry> _kept = Load(cacheFile);
    private bool _changed;

    /// <summary>
    /// The hash of a file, or of a folder as <see cref="Fingerprint.OfPath(string)"/> defines it; of a file that draws in others
    /// (<see cref="InputFiles"/>), one over all of them.
    /// </summary>
    public string Of(string path) => Fingerprint.OfFiles(InputFiles.Of(path), file => Fingerprint.OfPath(file, OfFile));

    /// <summary>Writes what was learned, if anything.</summary>
    public void Save()
    {
        if (_changed) AtomicFile.WriteText(cacheFile, JsonSerializer.Serialize(_kept));
        _changed = false;
    }

    private string OfFile(string path)
    {
        var file = new FileInfo(path);
        if (file.Length < SmallestKept) return Fingerprint.OfFile(path);
        var (length, changed) = (file.Length, file.LastWriteTimeUtc);
        if (_kept.TryGetValue(file.FullName, out Entry? known) && known.Length == length && known.Changed == changed.Ticks) return known.Hash;
        string hash = Fingerprint.OfFile(path);
        if (time.GetUtcNow().UtcDateTime - changed > Settled)
        {
            _kept[file.FullName] = new Entry(length, changed.Ticks, hash);
            _changed = true;
        }
        return hash;
    }

    private static Dictionary<string, Entry> Load(string path)
    {
        try
        {
            if (File.Exists(path)) return JsonSerializer.Deserialize<Dictionary<string, Entry>>(File.ReadAllText(path)) ?? [];
        }
        catch (JsonException) { } // only saves time: start afresh
        return [];
    }

    private sealed record Entry(long Length, long Changed, string Hash);
}
