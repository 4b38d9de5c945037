using System.Buffers.Binary;

namespace Distill.Runs;

/// <summary>
/// Heads of the records of one full segment, in a file beside it, so that opening reads some tens of bytes for each record
/// instead of its body. An index that is missing or does not fit its segment is made again from the segment.
/// </summary>
internal static class SegmentIndex
{
    private const int FixedBytes = 8 + sizeof(long) + sizeof(int);

    private static ReadOnlySpan<byte> Magic => "DSTLIDX1"u8;

    /// <summary>File of a segment's index.</summary>
    public static string PathOf(string segment) => Path.ChangeExtension(segment, ".index");

    /// <summary>Writes the index of a segment.</summary>
    public static void Write(string segment, long segmentBytes, IReadOnlyList<JournalEntry> entries)
    {
        byte[] bytes = new byte[FixedBytes + entries.Sum(entry => sizeof(long) + 1 + entry.Head.Length) + sizeof(uint)];
        Span<byte> rest = bytes;
        Magic.CopyTo(rest);
        BinaryPrimitives.WriteInt64LittleEndian(rest[Magic.Length..], segmentBytes);
        BinaryPrimitives.WriteInt32LittleEndian(rest[(Magic.Length + sizeof(long))..], entries.Count);
        rest = rest[FixedBytes..];
        foreach (JournalEntry entry in entries)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, entry.Position);
            rest[sizeof(long)] = (byte)entry.Head.Length;
            entry.Head.Span.CopyTo(rest[(sizeof(long) + 1)..]);
            rest = rest[(sizeof(long) + 1 + entry.Head.Length)..];
        }
        BinaryPrimitives.WriteUInt32LittleEndian(rest, JournalFormat.Checksum(bytes.AsSpan(..^sizeof(uint))));
        AtomicFile.Write(PathOf(segment), stream => stream.Write(bytes));
    }

    /// <summary>Reads the index of a segment; null when there is none that fits.</summary>
    public static List<JournalEntry>? TryRead(string segment)
    {
        string path = PathOf(segment);
        if (!File.Exists(path)) return null;
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < FixedBytes + sizeof(uint) || !bytes.AsSpan().StartsWith(Magic)) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(^sizeof(uint)..)) != JournalFormat.Checksum(bytes.AsSpan(..^sizeof(uint)))) return null;
        if (BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(Magic.Length)) != new FileInfo(segment).Length) return null;
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(Magic.Length + sizeof(long)));
        var entries = new List<JournalEntry>(count);
        for (int at = FixedBytes; entries.Count < count;)
        {
            int length = bytes[at + sizeof(long)];
            entries.Add(new JournalEntry(BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at)), bytes.AsMemory(at + sizeof(long) + 1, length)));
            at += sizeof(long) + 1 + length;
        }
        return entries;
    }
}
