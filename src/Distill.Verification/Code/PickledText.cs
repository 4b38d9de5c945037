using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Distill.Verification.Code;

/// <summary>
/// Reads the one text that LiveCodeBench hides its private tests in: base64 of a zlib stream of a Python pickle. Only the operations that
/// make up a pickled text are known; a pickle of anything else is refused, and nothing in it is ever executed.
/// Source: CPython, Lib/pickletools.py.
/// </summary>
internal static class PickledText
{
    private const int LongestText = 256 << 20;

    private const byte Protocol = 0x80, Frame = 0x95, Stop = (byte)'.', Memoize = 0x94, Put = (byte)'q', LongPut = (byte)'r', AsciiPut = (byte)'p';
    private const byte ShortUnicode = 0x8c, Unicode = (byte)'X', LongUnicode = 0x8d;

    /// <summary>Unpacks base64, zlib and pickle; null when it is not such a text.</summary>
    public static string? TryUnpack(string base64)
    {
        try
        {
            byte[] compressed = Convert.FromBase64String(base64);
            using var zlib = new ZLibStream(new MemoryStream(compressed), CompressionMode.Decompress);
            using var pickle = new MemoryStream();
            byte[] buffer = new byte[1 << 16];
            int count;
            while ((count = zlib.Read(buffer)) > 0)
            {
                if (pickle.Length + count > LongestText) return null;
                pickle.Write(buffer, 0, count);
            }
            return TryRead(pickle.GetBuffer().AsSpan(0, (int)pickle.Length));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>The text of a pickle that holds one text and nothing else; null otherwise.</summary>
    public static string? TryRead(ReadOnlySpan<byte> pickle)
    {
        string? text = null;
        while (pickle.Length > 0)
        {
            byte operation = pickle[0];
            pickle = pickle[1..];
            (int header, long length) = operation switch
            {
                Protocol or Put => (1, 0),
                Frame => (8, 0),
                LongPut => (4, 0),
                AsciiPut => (pickle.IndexOf((byte)'\n') + 1, 0),
                Memoize or Stop => (0, 0),
                ShortUnicode when pickle.Length >= 1 => (1, pickle[0]),
                Unicode when pickle.Length >= 4 => (4, BinaryPrimitives.ReadUInt32LittleEndian(pickle)),
                LongUnicode when pickle.Length >= 8 => (8, BinaryPrimitives.ReadInt64LittleEndian(pickle)),
                _ => (-1, 0L),
            };
            if (header < 0 || length < 0 || length > pickle.Length - header) return null;
            if (operation == Stop) return text;
            if (operation is ShortUnicode or Unicode or LongUnicode)
            {
                if (text is not null) return null;
                text = Encoding.UTF8.GetString(pickle.Slice(header, (int)length));
            }
            pickle = pickle[(header + (int)length)..];
        }
        return null;
    }
}
