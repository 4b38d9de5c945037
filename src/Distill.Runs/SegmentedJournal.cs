using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>
/// A <see cref="Journal"/> for very many records: a folder of segments, of which only the last grows. Each record has a short
/// head, kept in an index when its segment is full, and a body that is read when it is needed; so millions of records open in
/// seconds. One writer at a time; a second one is refused. Safe for use by several threads.
/// </summary>
/// <remarks>
/// Only the last segment can end in a half-written record, which opening cuts off. A damaged record anywhere else is an error
/// with its place, when it is read: its bytes may be worth money, and no tool should decide what becomes of them.
/// </remarks>
public sealed class SegmentedJournal : IDisposable
{
    private const string Ending = ".wal";
    private const int OffsetBits = 40;
    private const int LongestHead = 255;

    private readonly string _folder;
    private readonly JournalOptions _options;
    private readonly FolderLock? _lock;
    private readonly Dictionary<int, SafeFileHandle> _full = [];
    private readonly List<JournalEntry> _activeEntries = [];
    private readonly Lock _gate = new();
    private Journal? _active;
    private int _activeNumber;

    private SegmentedJournal(string folder, JournalOptions options, FolderLock? taken) => (_folder, _options, _lock) = (folder, options, taken);

    /// <summary>What opening found wrong, one line each.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>Opens the journal of a folder for reading and appending; creates it when it is missing.</summary>
    /// <exception cref="InputException">Another process holds it, or it cannot be written.</exception>
    public static SegmentedJournal Open(string folder, JournalOptions? options = null)
    {
        var journal = new SegmentedJournal(Path.GetFullPath(folder), options ?? new JournalOptions(), FolderLock.Take(folder));
        try
        {
            journal.OpenLast();
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>Opens the journal of a folder for reading. While another process writes it, the segment that grows is left out.</summary>
    public static SegmentedJournal OpenRead(string folder) => new(Path.GetFullPath(folder), new JournalOptions(), null);

    /// <summary>Appends a record.</summary>
    /// <param name="head">At most 255 bytes, told by <see cref="Entries"/>.</param>
    /// <param name="body">The rest, read by <see cref="Read"/>.</param>
    /// <returns>Its position.</returns>
    /// <exception cref="InputException">The disk is full; the records before this one are safe.</exception>
    public long Append(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        if (head.IsEmpty || head.Length > LongestHead) throw new ArgumentException($"a head has 1 to {LongestHead} bytes, not {head.Length}", nameof(head));
        byte[] record = ArrayPool<byte>.Shared.Rent(1 + head.Length + body.Length);
        try
        {
            record[0] = (byte)head.Length;
            head.CopyTo(record.AsSpan(1));
            body.CopyTo(record.AsSpan(1 + head.Length));
            lock (_gate)
            {
                Journal active = _active ?? throw new InvalidOperationException("the journal is open for reading only");
                long offset = active.Append(record.AsSpan(0, 1 + head.Length + body.Length));
                var entry = new JournalEntry(((long)_activeNumber << OffsetBits) | offset, head.ToArray());
                _activeEntries.Add(entry);
                if (offset >= _options.SegmentBytes) BeginSegment();
                return entry.Position;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(record);
        }
    }

    /// <summary>Reads a record.</summary>
    /// <exception cref="InputException">The record is damaged; the message names its place.</exception>
    public (ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body) Read(long position)
    {
        byte[] record = ReadRecord((int)(position >> OffsetBits), position & ((1L << OffsetBits) - 1));
        return (record.AsMemory(1, record[0]), record.AsMemory(1 + record[0]));
    }

    /// <summary>Every record that stood there when the enumeration began, oldest first, without bodies.</summary>
    /// <exception cref="InputException">A segment without an index holds a damaged record.</exception>
    public IEnumerable<JournalEntry> Entries()
    {
        int last = Segments().LastOrDefault(-1);
        foreach (int number in Segments())
        {
            List<JournalEntry> entries;
            lock (_gate) entries = _active is not null && number == _activeNumber ? [.. _activeEntries] : EntriesOf(number, isLast: number == last);
            foreach (JournalEntry entry in entries) yield return entry;
        }
    }

    /// <summary>Makes everything appended so far survive a power cut.</summary>
    /// <exception cref="InputException">The disk refuses; what is not flushed may be lost.</exception>
    public void Flush()
    {
        lock (_gate) _active?.Flush();
    }

    /// <summary>Flushes and lets go of the files.</summary>
    public void Dispose()
    {
        try
        {
            _active?.Dispose();
        }
        finally
        {
            foreach (SafeFileHandle file in _full.Values) file.Dispose();
            _lock?.Dispose();
        }
    }

    private void OpenLast()
    {
        _activeNumber = Segments().LastOrDefault(0);
        _active = Journal.Open(PathOf(_activeNumber), _options);
        if (_active.Damage is { } damage)
            Notes = [$"{_active.Path}: damaged at byte {damage.Offset}; everything before it was kept, the rest is asked for again (the damaged bytes are in {damage.SetAside})"];
        foreach ((long offset, byte[] record) in _active.ReadAll()) _activeEntries.Add(EntryOf(_activeNumber, offset, record));
    }

    private void BeginSegment()
    {
        Journal full = _active!;
        full.Flush();
        SegmentIndex.Write(full.Path, new FileInfo(full.Path).Length, _activeEntries);
        Journal next = Journal.Open(PathOf(_activeNumber + 1), _options);
        DiskFlush.Folder(_folder);
        (_active, _activeNumber) = (next, _activeNumber + 1);
        _activeEntries.Clear();
        full.Dispose();
    }

    private List<JournalEntry> EntriesOf(int number, bool isLast)
    {
        string path = PathOf(number);
        if (SegmentIndex.TryRead(path) is { } indexed) return indexed;
        var entries = new List<JournalEntry>();
        SafeFileHandle file;
        try
        {
            file = FileOf(number);
        }
        catch (IOException) when (isLast && _active is null)
        {
            return entries; // its writer holds it
        }
        long end = RandomAccess.GetLength(file);
        for (long offset = JournalFormat.Magic.Length; offset < end;)
        {
            if (JournalFormat.TryRead(file, offset, end, _options.MaxRecordBytes) is not { } record)
            {
                if (isLast) break; // its writer may be about to finish it
                throw Damaged(path, offset);
            }
            entries.Add(EntryOf(number, offset, record));
            offset += JournalFormat.FrameBytes + record.Length;
        }
        if (_active is not null) SegmentIndex.Write(path, end, entries);
        return entries;
    }

    private byte[] ReadRecord(int number, long offset)
    {
        lock (_gate)
        {
            try
            {
                if (_active is not null && number == _activeNumber) return _active.Read(offset);
                SafeFileHandle file = FileOf(number);
                return JournalFormat.TryRead(file, offset, RandomAccess.GetLength(file), _options.MaxRecordBytes) ?? throw Damaged(PathOf(number), offset);
            }
            catch (InvalidDataException e)
            {
                throw Damaged(PathOf(number), offset, e);
            }
        }
    }

    private SafeFileHandle FileOf(int number)
    {
        if (_full.TryGetValue(number, out SafeFileHandle? file)) return file;
        return _full[number] = File.OpenHandle(PathOf(number), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
    }

    private int[] Segments() => !Directory.Exists(_folder) ? [] :
        [.. Directory.EnumerateFiles(_folder, "*" + Ending).Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file), out int number) ? number : -1)
            .Where(number => number >= 0).Order()];

    private string PathOf(int number) => Path.Combine(_folder, $"{number:D6}{Ending}");

    private static JournalEntry EntryOf(int number, long offset, byte[] record) => new(((long)number << OffsetBits) | offset, record.AsSpan(1, record[0]).ToArray()); // a slice would keep the body in memory

    private static InputException Damaged(string path, long offset, Exception? inner = null) => new(
        $"{path}: the record at byte {offset} is damaged", "restore the file from a backup; or move it away, and what it held is asked for again", inner: inner);
}
