using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Distill.Runs;

/// <summary>Bytes of a <see cref="Journal"/>: framing, checking, searching.</summary>
internal static class JournalFormat
{
    /// <summary>Length and checksum before each payload.</summary>
    public const int FrameBytes = 8;

    private const int WindowBytes = 1 << 20;
    private const long SearchBudgetBytes = 1L << 30;

    /// <summary>First bytes of the file.</summary>
    public static ReadOnlySpan<byte> Magic => "DSTLJRN1"u8;

    /// <summary>Whether the file's first bytes are those of <see cref="Magic"/>.</summary>
    public static bool IsMagicPrefix(SafeFileHandle file, long length)
    {
        Span<byte> head = stackalloc byte[Magic.Length];
        int read = RandomAccess.Read(file, head[..(int)length], 0);
        return read == length && Magic.StartsWith(head[..read]);
    }

    /// <summary>Writes length, checksum and payload to <paramref name="frame"/>; returns the bytes used.</summary>
    public static int Frame(ReadOnlySpan<byte> payload, Span<byte> frame)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(payload));
        payload.CopyTo(frame[FrameBytes..]);
        return FrameBytes + payload.Length;
    }

    /// <summary>Reads the record at <paramref name="offset"/>, or null when none is whole there.</summary>
    public static byte[]? TryRead(SafeFileHandle file, long offset, long end, int maxBytes)
    {
        Span<byte> frame = stackalloc byte[FrameBytes];
        if (offset < Magic.Length || end - offset < FrameBytes || !ReadFully(file, frame, offset)) return null;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(frame);
        if (!IsPlausible(length, end - offset, maxBytes)) return null;
        byte[] payload = GC.AllocateUninitializedArray<byte>((int)length);
        if (!ReadFully(file, payload, offset + FrameBytes)) return null;
        return Checksum(payload) == BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]) ? payload : null;
    }

    /// <summary>
    /// Whether a whole record begins anywhere from <paramref name="offset"/> to <paramref name="end"/>. Bytes that look
    /// like lengths cost a read each; when a gigabyte of such reads found nothing the answer is the careful one, true.
    /// </summary>
    public static bool FindRecord(SafeFileHandle file, long offset, long end, int maxBytes)
    {
        long budget = SearchBudgetBytes;
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            while (end - offset > FrameBytes)
            {
                int read = RandomAccess.Read(file, window.AsSpan(0, WindowBytes), offset);
                if (read <= FrameBytes) return false;
                for (int i = 0; i + FrameBytes <= read; i++)
                {
                    uint length = BinaryPrimitives.ReadUInt32LittleEndian(window.AsSpan(i));
                    if (!IsPlausible(length, end - offset - i, maxBytes)) continue;
                    if ((budget -= length) < 0 || TryRead(file, offset + i, end, maxBytes) is not null) return true;
                }
                offset += read - FrameBytes + 1;
            }
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    /// <summary>Copies part of the file.</summary>
    public static void Copy(SafeFileHandle file, long offset, long end, Stream target)
    {
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            while (offset < end)
            {
                int read = RandomAccess.Read(file, window.AsSpan(0, (int)Math.Min(WindowBytes, end - offset)), offset);
                if (read == 0) return;
                target.Write(window, 0, read);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    private static bool IsPlausible(uint length, long bytesLeft, int maxBytes) =>
        length > 0 && length <= maxBytes && length <= bytesLeft - FrameBytes;

    private static bool ReadFully(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            int read = RandomAccess.Read(file, target, offset);
            if (read == 0) return false;
            target = target[read..];
            offset += read;
        }
        return true;
    }

    /// <summary>CRC-32C over the length, then the payload: a changed length is found even where the bytes it reaches agree.</summary>
    public static uint Checksum(ReadOnlySpan<byte> payload)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, (uint)payload.Length);
        while (payload.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(payload));
            payload = payload[sizeof(ulong)..];
        }
        foreach (byte value in payload) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
