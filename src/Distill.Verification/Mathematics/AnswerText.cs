using System.Globalization;
using System.Text;

namespace Distill.Verification.Mathematics;

/// <summary>Takes away from a written answer what does not change its meaning: layout, spacing, dollar signs around formulas.</summary>
internal static class AnswerText
{
    // Longest first, where one begins with another.
    private static readonly (string From, string To)[] Replacements =
    [
        ("\\left.", ""), ("\\right.", ""), ("\\leftarrow", "\\leftarrow"), ("\\left", ""), ("\\rightarrow", "\\rightarrow"), ("\\right", ""),
        ("\\displaystyle", ""), ("\\quad", " "), ("\\qquad", " "),
        ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\cfrac", "\\frac"), ("\\nicefrac", "\\frac"),
        ("{,}", ","), (",\\!", ","), ("\\!", ""), ("\\,", "\u2009"), ("\\;", " "), ("\\:", " "), ("\\ ", " "), ("~", " "),
        ("\\%", "%"), ("\\$", ""), ("^{\\circ}", ""), ("^\\circ", ""), ("\\degree", ""), ("°", ""),
        ("\\times", "*"), ("\\cdot", "*"), ("×", "*"), ("·", "*"), ("\u2212", "-"), ("\u2013", "-"), ("$", ""), ("£", ""), ("€", ""),
        ("\\(", ""), ("\\)", ""), ("\\[", ""), ("\\]", ""),
    ];

    private static readonly string[] Wrappers = ["\\text", "\\textbf", "\\textit", "\\mathrm", "\\mathbf", "\\mathit", "\\mbox", "\\textnormal", "\\boldsymbol", "\\operatorname"];

    /// <summary>Cleans a formula for parsing; a thin space that may group digits becomes U+2009.</summary>
    public static string Clean(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            if (char.GetUnicodeCategory(text[i]) == UnicodeCategory.Format) // zero-width and direction marks
            {
                i++;
                continue;
            }
            (string from, string to) = Array.Find(Replacements, pair => string.CompareOrdinal(text, i, pair.From, 0, pair.From.Length) == 0);
            if (from is null) cleaned.Append(text[i++] is '\n' or '\r' or '\t' or '\u00A0' ? ' ' : text[i - 1]);
            else
            {
                cleaned.Append(to);
                i += from.Length;
            }
        }
        return TrimEnd(cleaned.ToString().Trim());
    }

    /// <summary>Two answers of the same normal form are the same text: case, spaces, text wrappers and a final period count for nothing.</summary>
    public static string Normalize(string text)
    {
        string cleaned = Clean(text);
        foreach (string wrapper in Wrappers) cleaned = cleaned.Replace(wrapper + "{", "{", StringComparison.Ordinal);
        var normal = new StringBuilder(cleaned.Length);
        foreach (char c in cleaned)
            if (!char.IsWhiteSpace(c) && c is not ('{' or '}')) normal.Append(char.ToLowerInvariant(c));
        return TrimEnd(normal.ToString());
    }

    private static string TrimEnd(string text) => text.TrimEnd(' ', '.', ',', ';', '\u2009');
}
