using Distill.Verification.Answers;
using Distill.Verification.Latex;

namespace Distill.Verification.Extraction;

/// <summary>Finds the formulas and numbers of a sentence, and joins those that stand in one list.</summary>
internal static class ProseValues
{
    private const int MostValues = 64;

    /// <summary>The values of a sentence in their order.</summary>
    public static List<ProseValue> Of(string sentence)
    {
        List<(int Start, int End, string Content)> formulas = MathSpans.All(sentence);
        var values = new List<ProseValue>();
        bool plain = IsPlain(sentence, formulas);
        int at = 0;
        foreach ((int start, int end, string content) in formulas)
        {
            if (plain) AddNumbers(values, sentence, at, start);
            if (content.Length > 0) values.Add(new ProseValue(start, end, WithUnit(sentence, end, MathSpans.Aligned(content)), IsFormula: true));
            at = end;
        }
        if (plain) AddNumbers(values, sentence, at, sentence.Length);
        if (values.Count == 0 && plain) AddWords(values, sentence);
        return values.Count <= MostValues ? values : values[^MostValues..];
    }

    // Numbers are not mined out of formulas that were not understood, only out of words.
    private static bool IsPlain(string sentence, List<(int Start, int End, string Content)> formulas)
    {
        int next = 0;
        for (int i = 0; i < sentence.Length; i++)
        {
            if (next < formulas.Count && i == formulas[next].Start)
            {
                i = formulas[next++].End - 1;
                continue;
            }
            char c = sentence[i];
            if (c == '\\' && !(i + 1 < sentence.Length && sentence[i + 1] is '$' or '%') || c is '^' or '{' or '|' or '_' or '√' or '∛' or 'π' or '∞' || c is '²' or '³' && i > 0 && sentence[i - 1] is not 'm' || c == '<' && i + 1 < sentence.Length && char.IsAsciiLetter(sentence[i + 1])) return false;
        }
        return true;
    }

    private static void AddNumbers(List<ProseValue> values, string text, int start, int end)
    {
        for (int at = start; at < end; at++)
        {
            if (!char.IsAsciiDigit(text[at])) continue;
            int from = Beginning(text, at, start), to = NumeralEnd(text, at, end);
            bool letterBefore = from > start && (char.IsLetter(text[from - 1]) || text[from - 1] == '_');
            int operatorEnd;
            while (!letterBefore && (operatorEnd = OperatorEnd(text, to, end)) > 0) to = NumeralEnd(text, operatorEnd, end);
            int unit = HalfOfDayEnd(text, from, to, end) is > 0 and int half ? half : UnitEnd(text, to, end);
            if (!letterBefore && unit >= 0) values.Add(new ProseValue(from, unit, text[from..unit].Replace("**", "", StringComparison.Ordinal), IsFormula: false));
            at = Math.Max(to, unit) - 1;
        }
    }

    // "twenty-eight tickets"; one alone is rather a pronoun.
    private static void AddWords(List<ProseValue> values, string text)
    {
        int from = -1, to = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (!char.IsAsciiLetter(text[at])) continue;
            int end = at;
            while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
            if (NumberWords.IsOne(text[at..end].ToLowerInvariant()))
            {
                if (from >= 0 && text.AsSpan(to, at - to) is not (" " or "-" or " and ")) AddNumeral(values, text, from, to);
                if (from < 0 || text.AsSpan(to, at - to) is not (" " or "-" or " and ")) from = at;
                to = end;
            }
            at = end;
        }
        if (from >= 0) AddNumeral(values, text, from, to);
    }

    private static void AddNumeral(List<ProseValue> values, string text, int from, int to)
    {
        foreach (string part in (ReadOnlySpan<string>)[" and a half", " and a quarter", " and a third"])
            if (text.AsSpan(to).StartsWith(part, StringComparison.OrdinalIgnoreCase)) to += part.Length;
        if (text[from..to].ToLowerInvariant() is not "one") values.Add(new ProseValue(from, to, text[from..to], IsFormula: false));
    }

    // The sign, point and currency before the digits.
    private static int Beginning(string text, int at, int start)
    {
        int from = at;
        if (from > start && text[from - 1] == '.') from--;
        if (from > start && text[from - 1] is '$' or '€' or '£') from -= from - 1 > start && text[from - 2] == '\\' ? 2 : 1;
        if (from > start && text[from - 1] is '-' or '−' && (from - 1 == start || text[from - 2] is ' ' or '(' or '*' or '=')) from--;
        foreach (string sign in (ReadOnlySpan<string>)["negative ", "minus "])
            if (from - sign.Length >= start && text.AsSpan(from - sign.Length).StartsWith(sign, StringComparison.OrdinalIgnoreCase)) from -= sign.Length;
        return from;
    }

    private static int NumeralEnd(string text, int at, int end)
    {
        int to = at;
        while (to < end && text[to] is '$' or '(' or '-' or '−' or '.') to++;
        for (; to < end; to++)
        {
            if (char.IsAsciiDigit(text[to])) continue;
            bool inside = to + 1 < end && char.IsAsciiDigit(text[to + 1]) && text[to] is '.' or ',' or '/' or ':';
            if (inside) continue;
            int exponent = text[to] is 'e' or 'E' && to + 1 < end ? text[to + 1] is '-' or '+' ? to + 2 : to + 1 : end;
            if (exponent < end && char.IsAsciiDigit(text[exponent])) to = exponent;
            // 27 2/5
            else if (text[to] == ' ' && FractionEnd(text, to + 1, end) is > 0 and int fraction) return fraction;
            else break;
        }
        if (to < end && text[to] == '%') return to + 1;
        return to + 1 < end && text[to] == '\\' && text[to + 1] == '%' ? to + 2 : to;
    }

    private static int FractionEnd(string text, int at, int end)
    {
        int slash = at;
        while (slash < end && char.IsAsciiDigit(text[slash])) slash++;
        int to = slash + 1;
        while (to < end && char.IsAsciiDigit(text[to])) to++;
        return slash > at && slash < end && text[slash] == '/' && to > slash + 1 ? to : 0;
    }

    // Where the next numeral of a plain computation begins: "30 - 18"; 0 when there is none.
    private static int OperatorEnd(string text, int at, int end)
    {
        int sign = at;
        while (sign < end && text[sign] == ' ') sign++;
        if (sign >= end || text[sign] is not ('+' or '-' or '−' or '*' or '×' or '·' or '/' or '÷') || sign + 1 < end && text[sign + 1] == '*') return 0;
        int next = sign + 1;
        while (next < end && text[next] is ' ' or '$') next++;
        return next < end && char.IsAsciiDigit(text[next]) ? next : 0;
    }

    /// <summary>A formula with the unit of measurement that stands behind it in words.</summary>
    public static string WithUnit(string text, int end, string formula)
    {
        if (formula.Length == 0 || !char.IsAsciiDigit(formula[^1]) || formula.Contains('=') || end >= text.Length || text[end] != ' ') return formula;
        int unit = UnitEnd(text, end, text.Length);
        return unit > end ? $"{formula}\\text{{{text[end..unit]}}}" : formula;
    }

    // The end with the unit of measurement behind the numeral; -1 where letters make it another thing: 3rd, 4-sided, 2x.
    private static int UnitEnd(string text, int at, int end)
    {
        if (at >= end) return at;
        if (char.IsLetter(text[at]) || text[at] is '-' or '–' or '_' && at + 1 < end && char.IsLetter(text[at + 1]))
        {
            int glued = WordEnd(text, at, end);
            return char.IsLetter(text[at]) && Units.IsKnown(text[at..glued]) ? glued : -1;
        }
        if (text[at] != ' ') return at;
        foreach (int words in (ReadOnlySpan<int>)[3, 2, 1])
        {
            int to = at;
            for (int i = 0; i < words && to < end; i++) to = WordEnd(text, to + 1, end);
            if (to - at is > 2 and < 40 && (text[at + 1] is not ('a' or 'i') || to - at > 3) && Units.Find(text[(at + 1)..to]) is not null) return to;
        }
        return at;
    }

    // 3:30 p.m., 8 AM; 0 when it is no time of day.
    private static int HalfOfDayEnd(string text, int from, int at, int end)
    {
        int to = at < end && text[at] == ' ' ? at + 1 : at;
        foreach (string half in (ReadOnlySpan<string>)["a.m.", "p.m.", "a.m", "p.m", "am", "pm"])
        {
            int after = to + half.Length;
            if (after > end || !text.AsSpan(to, half.Length).Equals(half, StringComparison.OrdinalIgnoreCase) || after < end && char.IsLetter(text[after])) continue;
            return half != "am" || text[to] == 'A' || text.AsSpan(from, at - from).Contains(':') ? after : 0; // "that I am"
        }
        return 0;
    }

    private static int WordEnd(string text, int at, int end)
    {
        while (at < end && (char.IsLetter(text[at]) || text[at] is '/' or '²' or '³' or '°')) at++;
        return at;
    }
}
