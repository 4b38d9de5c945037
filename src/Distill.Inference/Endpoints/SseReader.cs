using System.Buffers;

namespace Distill.Inference.Endpoints;

/// <summary>
/// Lines of a server-sent event stream as UTF-8 bytes, every one of them: engines report failures in lines that the
/// standard tells parsers to drop. Ends of line may be LF, CRLF or CR, and may fall anywhere between two reads.
/// Source: HTML Living Standard, section 9.2 "Server-sent events".
/// </summary>
/// <param name="stream">The body; stays the caller's. Not read where the caller fills by itself.</param>
/// <param name="maxLineBytes">A longer line is an attack or a mistake, and ends the reading.</param>
internal sealed class SseReader(Stream stream, int maxLineBytes = 16 << 20) : IDisposable
{
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);
    private int _start;
    private int _end;
    private bool _afterCarriageReturn;
    private bool _atStreamStart = true;
    private int _searched;

    /// <summary>The line, without its end; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Whether nothing more will arrive.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Reads the next line; false at the end of the stream. A last line without an end counts as a line.</summary>
    /// <exception cref="InvalidDataException">A line is longer than allowed.</exception>
    public async ValueTask<bool> ReadLineAsync(CancellationToken cancellation)
    {
        while (!TryReadLine())
        {
            if (HasEnded) return false;
            Filled(await stream.ReadAsync(Room(), cancellation));
        }
        return true;
    }

    /// <summary>Reads the next line of what has arrived.</summary>
    public bool TryReadLine() => TryTakeLine() || (HasEnded && TakeRest());

    /// <summary>Where what arrives next is to be written.</summary>
    /// <exception cref="InvalidDataException">A line is longer than allowed.</exception>
    public Memory<byte> Room()
    {
        MakeRoom();
        return _buffer.AsMemory(_end);
    }

    /// <summary>Takes note of what has arrived; 0 is the end.</summary>
    public void Filled(int bytes)
    {
        if (bytes == 0) HasEnded = true;
        _end += bytes;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private bool TryTakeLine()
    {
        if (_afterCarriageReturn && _end > _start)
        {
            if (_buffer[_start] == (byte)'\n') _start++;
            _afterCarriageReturn = false;
        }
        int found = _buffer.AsSpan(_start + _searched, _end - _start - _searched).IndexOfAny(LineEnds);
        if (found < 0)
        {
            _searched = _end - _start;
            return false;
        }
        int length = _searched + found;
        _searched = 0;
        _afterCarriageReturn = _buffer[_start + length] == (byte)'\r';
        Take(length);
        _start += length + 1;
        return true;
    }

    private bool TakeRest()
    {
        if (_start == _end) return false;
        Take(_end - _start);
        _start = _end;
        _searched = 0;
        return true;
    }

    private void Take(int length)
    {
        Line = _buffer.AsMemory(_start, length);
        if (_atStreamStart && Line.Span.StartsWith("\uFEFF"u8)) Line = Line[3..];
        _atStreamStart = false;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end < _buffer.Length) return;
        if (_buffer.Length >= maxLineBytes) throw new InvalidDataException($"a line of the stream is longer than {maxLineBytes} bytes");
        byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
