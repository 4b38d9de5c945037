using System.Runtime.InteropServices;
using Distill.Chat;

namespace Distill.Teacher;

/// <summary>A completion's log-probabilities at the end of a ledger's record; records without them end before.</summary>
internal static class LogProbabilityRecord
{
    /// <summary>Writes them.</summary>
    public static void Write(BinaryWriter writer, TopLogProbabilities likeliest)
    {
        writer.Write(likeliest.Vocabulary);
        writer.Write(likeliest.Width);
        writer.Write(likeliest.Tokens.Length);
        writer.Write(MemoryMarshal.AsBytes(likeliest.Tokens.Span));
        writer.Write(MemoryMarshal.AsBytes(likeliest.TopTokens.Span));
        writer.Write(MemoryMarshal.AsBytes(likeliest.Values.Span));
    }

    /// <summary>Reads them, or null where the record has ended.</summary>
    /// <exception cref="EndOfStreamException">They are cut.</exception>
    public static TopLogProbabilities? Read(BinaryReader reader)
    {
        if (reader.BaseStream.Position == reader.BaseStream.Length) return null;
        string vocabulary = reader.ReadString();
        int width = reader.ReadInt32(), tokens = reader.ReadInt32();
        return new(vocabulary, width, ReadAll<int>(reader, tokens), ReadAll<int>(reader, (long)tokens * width), ReadAll<Half>(reader, (long)tokens * width));
    }

    private static T[] ReadAll<T>(BinaryReader reader, long count) where T : unmanaged
    {
        if (count < 0 || count * Marshal.SizeOf<T>() > reader.BaseStream.Length - reader.BaseStream.Position) throw new EndOfStreamException("log-probabilities are cut");
        var values = new T[count];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
