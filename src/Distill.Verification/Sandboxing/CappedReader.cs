using System.Buffers;

namespace Distill.Verification.Sandboxing;

/// <summary>
/// Reads a pipe to its end on a thread of its own and keeps the first bytes of it. The pool's threads may all be waiting for
/// sandboxes, so none of them can be relied on to read.
/// </summary>
internal sealed class CappedReader
{
    private readonly Stream _pipe;
    private readonly int _limit;
    private readonly ArrayBufferWriter<byte> _kept = new();
    private readonly Thread _thread;
    private volatile bool _overflowed;

    public CappedReader(Stream pipe, int limit)
    {
        (_pipe, _limit) = (pipe, limit);
        _thread = new Thread(Read, 128 << 10) { IsBackground = true, Name = "sandbox output" };
        _thread.Start();
    }

    /// <summary>Whether there was more than is kept.</summary>
    public bool Overflowed => _overflowed;

    /// <summary>What was read; false when the pipe did not end in time.</summary>
    public bool TryFinish(TimeSpan patience, out ReadOnlyMemory<byte> bytes)
    {
        bool ended = _thread.Join(patience);
        bytes = ended ? _kept.WrittenMemory : ReadOnlyMemory<byte>.Empty;
        return ended;
    }

    private void Read()
    {
        byte[] buffer = new byte[16 << 10];
        try
        {
            int count;
            while ((count = _pipe.Read(buffer)) > 0)
            {
                int kept = Math.Min(count, _limit - _kept.WrittenCount);
                _kept.Write(buffer.AsSpan(0, kept));
                if (kept < count) _overflowed = true;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The other end is gone: what came is what there is.
        }
    }
}
