namespace Distill.Verification.Extraction;

/// <summary>Formulas in running text: between dollar signs, <c>\( \)</c>, <c>\[ \]</c> and in aligned environments.</summary>
internal static class MathSpans
{
    /// <summary>The first formula of a text with those that only separators part from it, or null.</summary>
    public static (string Text, int Start, int End)? First(string text)
    {
        List<(int Start, int End, string Content)> spans = All(text);
        if (spans.Count == 0) return null;
        string joined = ProseValues.WithUnit(text, spans[0].End, Aligned(spans[0].Content));
        int end = spans[0].End;
        for (int i = 1; i < spans.Count; i++)
        {
            string between = text[end..spans[i].Start].Trim();
            if (between is not ("," or ";" or "and" or "or" or ", and" or ", or")) break;
            joined += between is "or" or ", or" ? $" or {spans[i].Content}" : $"{(between == ";" ? ";" : ",")} {spans[i].Content}";
            end = spans[i].End;
        }
        return (joined, spans[0].Start, end);
    }

    /// <summary>What an aligned computation comes to, right of its last sign; other formulas as they are.</summary>
    public static string Aligned(string content)
    {
        int begin = content.IndexOf("\\begin{", StringComparison.Ordinal);
        if (begin < 0 || !(content.AsSpan(begin + 7).StartsWith("align") || content.AsSpan(begin + 7).StartsWith("gather") || content.AsSpan(begin + 7).StartsWith("split"))) return content.Trim();
        int end = content.LastIndexOf("\\end{", StringComparison.Ordinal);
        string inner = end < 0 ? content : content[..end];
        int sign = inner.LastIndexOf('=');
        return (sign < 0 ? inner : inner[(sign + 1)..]).Replace("\\\\", " ", StringComparison.Ordinal).Trim();
    }

    /// <summary>All formulas of a text.</summary>
    public static List<(int Start, int End, string Content)> All(string text)
    {
        var spans = new List<(int, int, string)>();
        for (int i = 0; i < text.Length; i++)
        {
            (string close, int length) = text[i] switch
            {
                '$' when i + 1 < text.Length && text[i + 1] == '$' => ("$$", 2),
                '$' => ("$", 1),
                '\\' when i + 1 < text.Length && text[i + 1] == '(' => ("\\)", 2),
                '\\' when i + 1 < text.Length && text[i + 1] == '[' => ("\\]", 2),
                '\\' when string.CompareOrdinal(text, i, "\\begin{align", 0, 12) == 0 => ("\\end{align", 0),
                _ => ("", 0),
            };
            if (close.Length == 0)
            {
                if (text[i] == '\\') i++;
                continue;
            }
            int start = i + length;
            int end = Find(text, close, Math.Max(start, i + 1));
            if (end < 0) return spans;
            if (close == "$" && IsCurrency(text.AsSpan(start, end - start), end + 1 < text.Length ? text[end + 1] : ' ')) continue;
            int after = end + close.Length;
            if (length == 0) after = text.IndexOf('}', after) is >= 0 and int brace ? brace + 1 : text.Length;
            spans.Add((i, after, length == 0 ? text[i..after] : text[start..end].Trim()));
            i = after - 1;
        }
        return spans;
    }

    // "$5 and $7": two amounts of money, no formula between.
    private static bool IsCurrency(ReadOnlySpan<char> content, char after)
    {
        if (content.Length == 0) return false;
        if (content[0] is ' ' or '<' || content.Contains('\n')) return !content.Contains('\\');
        if (!char.IsAsciiDigit(content[0])) return false;
        if (char.IsAsciiDigit(after) || content[^1] == ' ') return true;
        int letters = 0;
        bool spaced = false;
        foreach (char c in content)
        {
            if (c is '\\' or '^' or '_') return false;
            letters = char.IsAsciiLetter(c) ? letters + 1 : 0;
            spaced |= c == ' ';
            if (letters >= 3 && spaced) return true;
        }
        return false;
    }

    private static int Find(string text, string close, int start)
    {
        for (int at = text.IndexOf(close, start, StringComparison.Ordinal); at >= 0; at = text.IndexOf(close, at + 1, StringComparison.Ordinal))
            if (close[0] == '\\' || at == 0 || text[at - 1] != '\\') return at;
        return -1;
    }
}
