using System.IO.MemoryMappedFiles;
using Distill.Runs;
using Microsoft.Win32.SafeHandles;

namespace Distill.Weights;

/// <summary>A whole file mapped read-only. Nothing of it is in memory until it is looked at.</summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;
    private readonly SafeFileHandle? _handle;
    private byte* _start;

    /// <summary>Maps a file.</summary>
    /// <exception cref="InputException">The file is missing, unreadable or empty.</exception>
    public MappedFile(string path)
    {
        Path = path;
        try
        {
            _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            try
            {
                Length = RandomAccess.GetLength(_handle);
                if (Length == 0) throw new InputException($"{path}: the file is empty", "copy or download it again");
                using var file = MemoryMappedFile.CreateFromFile(_handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
                _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            }
            catch
            {
                _handle.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: no such file", "check the path", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", "check that it is a file you may read", inner: e);
        }
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>Takes memory for a file; it stays the caller's, who keeps it in place.</summary>
    internal MappedFile(string path, byte* start, long length)
    {
        (Path, Length) = (path, length);
        _start = start;
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Address of byte <paramref name="offset"/>.</summary>
    public byte* At(long offset)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return _start + offset;
    }

    /// <summary>Bytes <c>[offset, offset + count)</c>; the caller has checked that the file has them.</summary>
    public ReadOnlySpan<byte> Span(long offset, int count) => new(At(offset), count);

    /// <summary>
    /// Reads through the file instead of the mapping: pages of a mapping count as this process's memory once they are touched,
    /// so whoever walks through a large file once reads it this way.
    /// </summary>
    /// <exception cref="InputException">The file has become shorter.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (_handle is null)
        {
            Span(offset, destination.Length).CopyTo(destination);
            return;
        }
        while (destination.Length > 0)
        {
            int count = RandomAccess.Read(_handle, destination, offset);
            if (count == 0) throw new InputException($"{Path}: the file ends at byte {offset}, earlier than when it was opened", "do not change it while it is read");
            offset += count;
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_start is null) return;
        _start = null;
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _handle?.Dispose();
    }
}
