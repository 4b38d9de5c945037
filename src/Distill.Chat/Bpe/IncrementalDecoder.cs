using System.Text;

namespace Distill.Chat;

/// <summary>
/// Turns token ids into text as they arrive. Text comes out as soon as its characters are complete;
/// half a UTF-8 character waits for its other half. One decoder serves one completion.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
public sealed class IncrementalDecoder(ModelTokenizer tokenizer, bool skipSpecialTokens = true)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Text that <paramref name="id"/> completes; often one word, empty while a character is incomplete.</summary>
    public string Append(int id) => Convert(tokenizer.BytesOf(id, skipSpecialTokens), flush: false);

    /// <summary>What is left at the end: U+FFFD when the last character never became complete, else nothing.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> characters = stackalloc char[256];
        int needed = Encoding.UTF8.GetMaxCharCount(bytes.Length) + 2;
        if (needed > characters.Length) characters = new char[needed];
        return new string(characters[.._decoder.GetChars(bytes, characters, flush)]);
    }
}
