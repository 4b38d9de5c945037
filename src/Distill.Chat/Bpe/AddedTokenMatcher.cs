using System.Buffers;
using System.Globalization;

namespace Distill.Chat;

/// <summary>Finds added tokens in text: leftmost first, the longest of those that start at one place.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly ILookup<char, AddedToken> _byFirstCharacter;
    private readonly SearchValues<char> _firstCharacters;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        _byFirstCharacter = tokens.Where(token => token.Content.Length > 0)
            .OrderByDescending(token => token.Content.Length)
            .ToLookup(token => token.Content[0]);
        _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Select(group => group.Key)]);
    }

    /// <summary>
    /// The next added token in <paramref name="text"/> from <paramref name="from"/> on,
    /// with the stretch it takes (whitespace that it strips included).
    /// </summary>
    public AddedToken? Next(ReadOnlySpan<char> text, int from, out TextPiece place)
    {
        for (int at = from; at < text.Length; at++)
        {
            int offset = text[at..].IndexOfAny(_firstCharacters);
            if (offset < 0) break;
            at += offset;
            foreach (AddedToken token in _byFirstCharacter[text[at]])
            {
                if (!text[at..].StartsWith(token.Content, StringComparison.Ordinal)) continue;
                int end = at + token.Content.Length;
                if (token.SingleWord && (TouchesWord(text[..at], before: true) || TouchesWord(text[end..], before: false)))
                {
                    at = end - 1;
                    break;
                }
                int start = at;
                if (token.LeftStrip) while (start > from && char.IsWhiteSpace(text[start - 1])) start--;
                if (token.RightStrip) while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
                place = new TextPiece(start, end);
                return token;
            }
        }
        place = new TextPiece(text.Length, text.Length);
        return null;
    }

    // \w of the original: letters, marks, decimal digits, letter numbers, connector punctuation, joiners.
    private static bool TouchesWord(ReadOnlySpan<char> text, bool before)
    {
        if (text.IsEmpty) return false;
        int index = !before ? 0 : text.Length >= 2 && char.IsSurrogatePair(text[^2], text[^1]) ? text.Length - 2 : text.Length - 1;
        int codePoint = text.Length - index >= 2 && char.IsSurrogatePair(text[index], text[index + 1])
            ? char.ConvertToUtf32(text[index], text[index + 1])
            : text[index];
        return codePoint is 0x200C or 0x200D || CharUnicodeInfo.GetUnicodeCategory(codePoint)
            is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }
}
