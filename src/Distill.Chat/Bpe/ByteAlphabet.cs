using System.Text;

namespace Distill.Chat;

/// <summary>
/// The byte alphabet of byte-level vocabularies: each of the 256 bytes has a printable character
/// (space is <c>Ġ</c>, line feed is <c>Ċ</c>), so that tokens can be written down as text. Source: GPT-2's <c>bytes_to_unicode</c>.
/// </summary>
public static class ByteAlphabet
{
    private static readonly char[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The character that stands for <paramref name="value"/>.</summary>
    public static char ToCharacter(byte value) => Characters[value];

    /// <summary>The byte that <paramref name="character"/> stands for, or -1 when it is not of the alphabet.</summary>
    public static int ToByte(char character) => character < Bytes.Length ? Bytes[character] : -1;

    /// <summary>Writes bytes in the alphabet, one character each.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => string.Create(bytes.Length, bytes, static (characters, source) =>
    {
        for (int i = 0; i < source.Length; i++) characters[i] = Characters[source[i]];
    });

    /// <summary>
    /// The bytes a token stands for: those of its letters, or its own UTF-8 where a character is not of the alphabet
    /// (as added tokens may be).
    /// </summary>
    public static byte[] Decode(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            int value = ToByte(token[i]);
            if (value < 0) return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)value;
        }
        return bytes;
    }

    // Printable Latin-1 stands for itself; the 68 others follow from U+0100 on in byte order.
    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = (char)(printable ? value : next++);
        }
        return characters;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++) bytes[Characters[value]] = (short)value;
        return bytes;
    }
}
