using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>
/// An append-only log of opaque records that survives a crash at any moment: what was appended is read back whole, in
/// order, or not at all. One writer at a time; a second one is refused. Safe for use by several threads.
/// </summary>
/// <remarks>
/// Layout: eight bytes of magic, then per record its length (u32), the CRC-32C of length and payload (u32), the payload.
/// Opening cuts a half-written last record; damage further inside is cut off too, but set aside and reported.
/// </remarks>
public sealed class Journal : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly JournalOptions _options;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _end;
    private int _unflushed;
    private Exception? _failure;

    private Journal(string path, SafeFileHandle file, JournalOptions options)
    {
        Path = path;
        _file = file;
        _options = options;
        _timer = options.Time.CreateTimer(_ => FlushQuietly(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>File of the journal.</summary>
    public string Path { get; }

    /// <summary>Whole records.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of a half-written last record that opening cut off; 0 after a clean end.</summary>
    public long TornBytes { get; private set; }

    /// <summary>Damage that opening found before the last record, or null.</summary>
    public JournalDamage? Damage { get; private set; }

    /// <summary>Opens the journal for reading and appending; creates it when it is missing.</summary>
    /// <exception cref="InputException">
    /// Another process holds it, it is not a journal, or it cannot be written.
    /// </exception>
    public static Journal Open(string path, JournalOptions? options = null)
    {
        string full = System.IO.Path.GetFullPath(path);
        Journal? journal = null;
        AtomicFile.Guard(full, () =>
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            journal = new Journal(full, Lock(full), options ?? new JournalOptions());
            try
            {
                journal.Recover();
            }
            catch
            {
                journal._failure = new ObjectDisposedException(nameof(Journal)); // nothing to flush: opening failed
                journal.Dispose();
                throw;
            }
        });
        return journal!;
    }

    /// <summary>
    /// Opens the journal of work that can be done again at any time: the first record holds the settings that decide its result, and a journal of other
    /// settings is begun anew.
    /// </summary>
    /// <exception cref="InputException">Another process holds it, it is not a journal, or it cannot be written.</exception>
    public static Journal OpenFor(string path, string settings)
    {
        byte[] first = [(byte)'S', .. Encoding.UTF8.GetBytes(settings)];
        Journal journal = Open(path);
        if (journal.Count > 0 && !journal.ReadAll().First().Record.AsSpan().SequenceEqual(first))
        {
            journal.Dispose();
            File.Delete(path);
            journal = Open(path);
        }
        if (journal.Count == 0) journal.Append(first);
        return journal;
    }

    /// <summary>Appends one record.</summary>
    /// <returns>Offset to <see cref="Read"/> it by, valid as long as the file exists.</returns>
    /// <exception cref="InputException">The disk is full; the records before this one are safe.</exception>
    /// <exception cref="ArgumentException">The record is empty or longer than <see cref="JournalOptions.MaxRecordBytes"/>.</exception>
    public long Append(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty || record.Length > _options.MaxRecordBytes)
            throw new ArgumentException($"a record has 1 to {_options.MaxRecordBytes} bytes, not {record.Length}", nameof(record));
        byte[] frame = ArrayPool<byte>.Shared.Rent(JournalFormat.FrameBytes + record.Length);
        try
        {
            int length = JournalFormat.Frame(record, frame);
            lock (_gate)
            {
                long offset = _end;
                Guarded(() =>
                {
                    RandomAccess.Write(_file, frame.AsSpan(0, length), offset);
                    _end = offset + length; // a failed write moves nothing: the next record overwrites its bytes
                    Count++;
                    if (++_unflushed >= _options.FlushEveryRecords) FlushLocked();
                    else if (_unflushed == 1) _timer.Change(_options.FlushEvery, Timeout.InfiniteTimeSpan);
                });
                return offset;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    /// <summary>Makes everything appended so far survive a power cut.</summary>
    /// <exception cref="InputException">The disk refuses; what is not flushed may be lost.</exception>
    public void Flush()
    {
        lock (_gate) Guarded(FlushLocked);
    }

    /// <summary>Reads one record.</summary>
    /// <exception cref="InvalidDataException">There is no whole record at <paramref name="offset"/>.</exception>
    public byte[] Read(long offset)
    {
        long end;
        lock (_gate) end = _end;
        return JournalFormat.TryRead(_file, offset, end, _options.MaxRecordBytes)
            ?? throw new InvalidDataException($"{Path}: no whole record at byte {offset}");
    }

    /// <summary>Reads every record that stood there when the enumeration began, oldest first.</summary>
    public IEnumerable<(long Offset, byte[] Record)> ReadAll()
    {
        long end;
        lock (_gate) end = _end;
        for (long offset = JournalFormat.Magic.Length; offset < end;)
        {
            byte[] record = Read(offset);
            yield return (offset, record);
            offset += JournalFormat.FrameBytes + record.Length;
        }
    }

    /// <summary>Flushes and lets go of the file.</summary>
    public void Dispose()
    {
        if (_file.IsClosed) return;
        _timer.Dispose();
        try
        {
            lock (_gate)
            {
                if (_failure is null) Guarded(FlushLocked);
            }
        }
        finally
        {
            _file.Dispose();
        }
    }

    private static SafeFileHandle Lock(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (AtomicFile.IsHeld(e))
        {
            throw new InputException($"{path}: another process is writing this run",
                "wait until it ends, or choose another output folder", inner: e);
        }
    }

    private void Recover()
    {
        long length = RandomAccess.GetLength(_file);
        if (length < JournalFormat.Magic.Length)
        {
            if (!JournalFormat.IsMagicPrefix(_file, length)) throw NotAJournal();
            RandomAccess.Write(_file, JournalFormat.Magic, 0);
            length = JournalFormat.Magic.Length;
        }
        else if (!JournalFormat.IsMagicPrefix(_file, JournalFormat.Magic.Length)) throw NotAJournal();

        _end = JournalFormat.Magic.Length;
        while (_end < length && JournalFormat.TryRead(_file, _end, length, _options.MaxRecordBytes) is { } record)
        {
            _end += JournalFormat.FrameBytes + record.Length;
            Count++;
        }
        if (_end < length) CutFrom(_end, length);
        _options.FlushToDisk(_file);
    }

    // A crash tears only what was written last. Whole records after a bad one mean the disk (or a hand) changed the
    // middle: those bytes may be worth money, so they are kept beside the journal.
    private void CutFrom(long offset, long length)
    {
        if (JournalFormat.FindRecord(_file, offset + 1, length, _options.MaxRecordBytes))
        {
            string aside = $"{Path}.damaged-{offset}";
            AtomicFile.Write(aside, stream => JournalFormat.Copy(_file, offset, length, stream));
            Damage = new JournalDamage(offset, length - offset, aside);
        }
        else
        {
            TornBytes = length - offset;
        }
        RandomAccess.SetLength(_file, offset);
    }

    private InputException NotAJournal() =>
        new($"{Path}: is not a journal of distill", "choose another output folder, or delete the file");

    private void FlushLocked()
    {
        if (_unflushed == 0) return;
        long start = _options.Time.GetTimestamp();
        _options.FlushToDisk(_file);
        _options.OnFlush?.Invoke(_options.Time.GetElapsedTime(start));
        _unflushed = 0;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // After a failed flush the operating system may have dropped the very pages that failed, and a second flush would
    // report success: the journal stays failed until it is opened again.
    private void Guarded(Action work)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (_failure is not null) throw new InputException($"{Path}: an earlier write failed ({_failure.Message})", "run the same command again; nothing already written is lost", inner: _failure);
        try
        {
            AtomicFile.Guard(Path, work);
        }
        catch (Exception e)
        {
            _failure = e;
            throw;
        }
    }

    private void FlushQuietly()
    {
        lock (_gate)
        {
            if (_file.IsClosed || _failure is not null) return;
            try
            {
                FlushLocked();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _failure = e; // told by the next call: a timer has nobody to tell
            }
        }
    }
}
