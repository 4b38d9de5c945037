namespace Distill.Verification.Extraction;

/// <summary>The last number of running text, with its sign, separators, currency and percent sign.</summary>
internal static class BareNumber
{
    /// <summary>The number as it is written, or null.</summary>
    public static string? Last(string text)
    {
        if (!IsProse(text)) return null;
        int end = text.Length - 1;
        while (end >= 0 && !char.IsAsciiDigit(text[end])) end--;
        if (end < 0) return null;
        int start = end;
        while (start > 0 && (char.IsAsciiDigit(text[start - 1]) || text[start - 1] is '.' or ',' or '/' or 'e' or 'E' or '+' or '-' or ':' && IsInside(text, start - 1))) 
        {
            if (!char.IsAsciiDigit(text[start - 1]) && !IsInside(text, start - 1)) break;
            start--;
        }
        // 27 2/5
        if (text[start..(end + 1)].Contains('/') && start > 1 && text[start - 1] == ' ' && char.IsAsciiDigit(text[start - 2]))
        {
            start -= 2;
            while (start > 0 && char.IsAsciiDigit(text[start - 1])) start--;
        }
        if (start > 0 && text[start - 1] == '.' ) start--;
        if (start > 0 && text[start - 1] is '$' or '€' or '£') start--;
        if (start > 0 && text[start - 1] is '-' or '−' && (start == 1 || text[start - 2] is ' ' or '\n' or '(')) start--;
        ReadOnlySpan<char> before = text.AsSpan(0, start).TrimEnd();
        if (before.EndsWith(" negative", StringComparison.OrdinalIgnoreCase) || before.EndsWith(" minus", StringComparison.OrdinalIgnoreCase)) start = before.LastIndexOf(' ') + 1;
        if (before.EndsWith(", not", StringComparison.OrdinalIgnoreCase)) return Last(text[..(before.Length - ", not".Length)]); // 126, not 125
        if (before.EndsWith("not", StringComparison.OrdinalIgnoreCase) || before.EndsWith("n't", StringComparison.OrdinalIgnoreCase)) return null;
        int after = end + 1;
        if (after < text.Length && text[after] == '%') after++;
        else if (after + 1 < text.Length && text[after] == '\\' && text[after + 1] == '%') after += 2;
        return text[start..after];
    }

    // Numbers are not mined out of formulas that were not understood, only out of words.
    private static bool IsProse(string text)
    {
        bool word = false;
        int letters = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\\' && !(i + 1 < text.Length && text[i + 1] is '$' or '%') || c is '^' or '{' or '|' or '_' || c == '<' && i + 1 < text.Length && char.IsAsciiLetter(text[i + 1])) return false;
            letters = char.IsLetter(c) ? letters + 1 : 0;
            word |= letters >= 2;
        }
        return word;
    }

    // A sign between two digits belongs to the numeral; of e-3 both do.
    private static bool IsInside(string text, int at)
    {
        if (at == 0 || at + 1 >= text.Length) return false;
        char before = text[at - 1], after = text[at + 1];
        return text[at] switch
        {
            'e' or 'E' => char.IsAsciiDigit(before) && (char.IsAsciiDigit(after) || after is '-' or '+'),
            '-' or '+' => before is 'e' or 'E' && at > 1 && char.IsAsciiDigit(text[at - 2]) && char.IsAsciiDigit(after),
            _ => char.IsAsciiDigit(before) && char.IsAsciiDigit(after),
        };
    }
}
