using System.Globalization;
using System.Text;

namespace Distill.Verification.Extraction;

/// <summary>
/// What a reader sees of an answer: without zero-width and direction marks, TeX comments and phantoms, full-width digits and signs as plain
/// ones. Letters are never folded across scripts: a Cyrillic х is no x.
/// </summary>
internal static class VisibleText
{
    /// <summary>The visible text; the same string when nothing changes.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text) && !text.Contains('%') && !text.Contains('\r')) return text;
        var visible = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '%' && IsComment(text, i))
            {
                int end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end;
            }
            else if (c is >= '！' and <= '～' && !char.IsLetter(c)) visible.Append((char)(c - 0xFEE0));
            else if (c == '　') visible.Append(' ');
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length) visible.Append(Mathematical(text, ref i));
            else if (char.GetUnicodeCategory(c) is not UnicodeCategory.Format) visible.Append(c switch { '\r' => '\n', '。' => '.', '，' => ',', '；' => ';', '：' => ':', '（' => '(', '）' => ')', '﹪' => '%', _ => c });
        }
        return visible.ToString();
    }

    // A comment begins a line's end: "42 % the answer⏎", never 42%.
    private static bool IsComment(string text, int at)
    {
        if (at > 0 && text[at - 1] == '\\') return false;
        int end = text.IndexOf('\n', at);
        if (end < 0) return false;
        int before = at - 1;
        while (before >= 0 && text[before] == ' ') before--;
        bool afterDigit = before >= 0 && char.IsAsciiDigit(text[before]);
        return !afterDigit || end > at + 1 && text.AsSpan(at + 1, end - at - 1).ContainsAnyInRange('a', 'z');
    }

    // Bold and double-struck digits are digits; other letters of the mathematical block are left alone.
    private static string Mathematical(string text, ref int at)
    {
        int code = char.ConvertToUtf32(text[at], char.IsLowSurrogate(text[at + 1]) ? text[at + 1] : '\uDC00');
        at++;
        if (code is >= 0x1D7CE and <= 0x1D7FF) return ((char)('0' + (code - 0x1D7CE) % 10)).ToString();
        if (code is >= 0x1D400 and <= 0x1D6A3) return char.ConvertFromUtf32(code).Normalize(NormalizationForm.FormKC);
        return CharUnicodeInfo.GetUnicodeCategory(code) == UnicodeCategory.Format ? "" : char.ConvertFromUtf32(code);
    }
}
