using System.Globalization;
using System.Text;

namespace Distill.Cli;

/// <summary>Text from files as a terminal may show it: on one line, of bounded length, and without a sign that the terminal would obey.</summary>
internal static class PlainText
{
    private const int CellLength = 240;

    public static string Of(string text, int longest = CellLength)
    {
        var plain = new StringBuilder(Math.Min(text.Length, longest));
        foreach (char c in text)
        {
            if (plain.Length >= longest) return plain.Append('…').ToString();
            _ = (c, char.GetUnicodeCategory(c)) switch
            {
                ('\n', _) => plain.Append("\\n"),
                ('\t', _) => plain.Append("\\t"),
                ('\r', _) => plain.Append("\\r"),
                // Control signs, and those that change the direction of reading.
                (_, UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) => plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => plain.Append(c),
            };
        }
        return plain.ToString();
    }

    /// <summary>Text as it arrives, with its lines and tabs.</summary>
    public static string Running(string text) => string.Concat(text.Where(c => c is not '\r').Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c));
}
