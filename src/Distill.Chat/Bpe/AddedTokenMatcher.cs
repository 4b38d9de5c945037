using System.Buffers;
using System.Globalization;

namespace Distill.Chat;

/// <summary>Where an added token stands.</summary>
/// <param name="Token">The token; null at the end of the text.</param>
/// <param name="Start">Where it starts, whitespace that it swallows included.</param>
/// <param name="End">Where the text goes on, behind whitespace that it swallows.</param>
/// <param name="ContentEnd">Where its own text ends. The next token may start from here on, inside swallowed whitespace, too.</param>
internal readonly record struct AddedTokenPlace(AddedToken? Token, int Start, int End, int ContentEnd);

/// <summary>Finds added tokens in text: leftmost first, the longest of those that start at one place.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string> _contents;
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _byContent;
    private readonly int[] _lengths;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        var byContent = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (AddedToken token in tokens)
        {
            if (token.Content.Length > 0) byContent[token.Content] = token;
        }
        _contents = SearchValues.Create([.. byContent.Keys], StringComparison.Ordinal);
        _byContent = byContent.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = [.. byContent.Keys.Select(content => content.Length).Distinct().OrderDescending()];
    }

    /// <summary>The next added token in <paramref name="text"/> behind <paramref name="last"/>; the default value is in front of the text.</summary>
    public AddedTokenPlace Next(ReadOnlySpan<char> text, AddedTokenPlace last)
    {
        for (int at = last.ContentEnd; at < text.Length;)
        {
            int offset = text[at..].IndexOfAny(_contents);
            if (offset < 0) break;
            AddedToken token = LongestAt(text[(at += offset)..]);
            int start = at, contentEnd = at + token.Content.Length, end = contentEnd;
            at = contentEnd;
            if (token.SingleWord && (TouchesWord(text[..start], before: true) || TouchesWord(text[end..], before: false))) continue;
            if (token.LeftStrip)
            {
                while (start > 0 && char.IsWhiteSpace(text[start - 1])) start--;
                start = Math.Max(start, last.End);
            }
            if (token.RightStrip) while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            if (start >= end) continue; // of a token inside whitespace that the last one has swallowed nothing is left
            return new AddedTokenPlace(token, start, end, contentEnd);
        }
        return new AddedTokenPlace(null, text.Length, text.Length, text.Length);
    }

    private AddedToken LongestAt(ReadOnlySpan<char> text)
    {
        foreach (int length in _lengths)
        {
            if (length <= text.Length && _byContent.TryGetValue(text[..length], out AddedToken? token)) return token;
        }
        throw new System.Diagnostics.UnreachableException();
    }

    // \w of the original: alphabetic characters, marks, decimal digits, connector punctuation, joiners.
    private static bool TouchesWord(ReadOnlySpan<char> text, bool before)
    {
        if (text.IsEmpty) return false;
        int index = !before ? 0 : text.Length >= 2 && char.IsSurrogatePair(text[^2], text[^1]) ? text.Length - 2 : text.Length - 1;
        int codePoint = text.Length - index >= 2 && char.IsSurrogatePair(text[index], text[index + 1])
            ? char.ConvertToUtf32(text[index], text[index + 1])
            : text[index];
        return codePoint is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189)
            || CharUnicodeInfo.GetUnicodeCategory(codePoint) is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }
}
