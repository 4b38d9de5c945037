using System.IO.Compression;
using Distill.Runs;
using ZstdSharp;

namespace Distill.Prompts;

/// <summary>
/// Reads a file of JSON lines, as bytes. Lines end at LF and nowhere else: texts may hold U+2028 and U+0085, at which
/// other readers break. A name that ends in <c>.gz</c> or <c>.zst</c> is decompressed on the way.
/// </summary>
public static class JsonLines
{
    /// <summary>The longest line that is read, in bytes.</summary>
    public const int LongestLine = 64 << 20;

    /// <summary>Reads the rows of a file as lines: its lines, or, where its name ends in <c>.json</c>, the rows of its one document.</summary>
    /// <inheritdoc cref="Read(string)" path="/exception"/>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Utf8)> ReadRows(string path) =>
        path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? JsonDocuments.Lines(path) : Read(path);

    /// <summary>Reads the lines that are not blank, with their numbers from 1. The bytes are good until the next line is asked for.</summary>
    /// <exception cref="InputException">The file is missing or cannot be read, or a line is longer than <see cref="LongestLine"/>.</exception>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Utf8)> Read(string path)
    {
        using Stream stream = Open(path);
        foreach ((long Number, ReadOnlyMemory<byte> Utf8) line in Read(path, stream)) yield return line;
    }

    /// <inheritdoc cref="Read(string)"/>
    /// <param name="path">What stands for the file in messages.</param>
    /// <param name="stream">The lines.</param>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Utf8)> Read(string path, Stream stream)
    {
        byte[] buffer = new byte[1 << 16];
        int start = 0, end = 0, searched = 0;
        for (long number = 1; ; number++)
        {
            int feed;
            while ((feed = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n')) < 0)
            {
                searched = end;
                if (end == buffer.Length) MakeRoom(path, number, ref buffer, ref start, ref end, ref searched);
                int count = Fill(path, stream, buffer.AsSpan(end));
                if (count == 0) break;
                end += count;
            }
            int lineEnd = feed < 0 ? end : searched + feed;
            if (number == 1 && buffer.AsSpan(start, lineEnd - start).StartsWith("\uFEFF"u8)) start += 3;
            if (buffer.AsSpan(start, lineEnd - start).ContainsAnyExcept(" \t\r"u8)) yield return (number, buffer.AsMemory(start, lineEnd - start));
            if (feed < 0) yield break;
            start = searched = lineEnd + 1;
        }
    }

    private static void MakeRoom(string path, long number, ref byte[] buffer, ref int start, ref int end, ref int searched)
    {
        if (end - start >= LongestLine) throw new InputException($"{path}:{number}: the line is longer than {LongestLine >> 20} MB", "split it, or check that this is a file of JSON lines");
        byte[] target = start > buffer.Length / 2 ? buffer : new byte[Math.Min(buffer.Length * 2L, LongestLine + (1 << 16))];
        buffer.AsSpan(start, end - start).CopyTo(target);
        (buffer, end, searched, start) = (target, end - start, searched - start, 0);
    }

    /// <summary>What compresses lines as the name of their file asks for, <c>.gz</c> or <c>.zst</c>; null for any other name. The target stays open.</summary>
    public static Stream? Compressed(string path, Stream target) =>
        path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true)
        : path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) ? new CompressionStream(target, leaveOpen: true)
        : null;

    private static Stream Open(string path)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: no such file", "check the path");
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress)
                : path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) ? new DecompressionStream(file, leaveOpen: false)
                : file;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{path}: cannot be read (permission denied)", "change its permissions", inner: e);
        }
    }

    private static int Fill(string path, Stream stream, Span<byte> buffer)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new InputException($"{path}: is not a readable {(e is InvalidDataException ? "gzip" : "zstd")} file", "the file is damaged; fetch it again", inner: e);
        }
    }
}
