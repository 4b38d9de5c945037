using System.IO.Compression;
using System.Text;

namespace Distill.PeerTests.Chat;

/// <summary>All text of the benchmark files that lie beside the repository, cut into texts of at most a few thousand characters.</summary>
internal static class SharedTexts
{
    private const int Longest = 4000;

    /// <summary>The folder, or null where it is not there: <c>DISTILL_SHARED_DATA</c>, else <c>../shared/data</c>.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Every file, line by line; a line that is too long comes in parts.</summary>
    public static IEnumerable<string> All()
    {
        foreach (string file in Directory.EnumerateFiles(Folder!, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(File.OpenRead(file), CompressionMode.Decompress) : File.OpenRead(file);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            foreach (string line in reader.ReadToEnd().Split('\n'))
            {
                for (int at = 0; at == 0 || at < line.Length; at += Longest) yield return line.Substring(at, Math.Min(Longest, line.Length - at));
            }
        }
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DISTILL_SHARED_DATA") is { Length: > 0 } set) return set;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}
