using System.Globalization;
using System.Text;

namespace Distill.Chat.Jinja;

/// <summary>Python's three ways of filling a pattern: <c>%s</c>, <c>{}</c>, and dates.</summary>
internal static class JinjaFormat
{
    /// <summary><c>"%s: %d" % values</c>: the conversions s, d, i, r, f (with digits) and %.</summary>
    /// <exception cref="JinjaError">A conversion is not one of these, or values do not fit.</exception>
    public static string Percent(JinjaRun run, string pattern, IReadOnlyList<object?> values)
    {
        var result = new StringBuilder();
        int next = 0;
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%')
            {
                result.Append(pattern[i]);
                continue;
            }
            int letter = i + 1;
            while (letter < pattern.Length && (char.IsAsciiDigit(pattern[letter]) || pattern[letter] == '.')) letter++;
            if (letter >= pattern.Length) throw new JinjaError("a format ends in `%`");
            string digits = pattern[(i + 1)..letter];
            run.Append(result, pattern[letter] == '%' ? "%" : Convert(pattern[letter], digits, next < values.Count ? values[next++] : throw new JinjaError("the format needs more values")));
            i = letter;
        }
        if (next < values.Count) throw new JinjaError("the format has too many values");
        return run.Made(result.ToString());
    }

    /// <summary><c>"{} {0} {name}".format(…)</c>, without format specifications.</summary>
    /// <exception cref="JinjaError">A field has a specification, or its value is not given.</exception>
    public static object Braces(string pattern, JinjaCall call)
    {
        var result = new StringBuilder();
        int next = 0;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c is '{' or '}' && i + 1 < pattern.Length && pattern[i + 1] == c)
            {
                result.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int end = pattern.IndexOf('}', i);
                if (end < 0) throw new JinjaError("a format field is never closed");
                string field = pattern[(i + 1)..end];
                object? value = field.Length == 0 ? At(next++) : int.TryParse(field, NumberStyles.None, null, out int index) ? At(index)
                    : call.Named.TryGetValue(field, out object? named) ? named : throw new JinjaError($"the format field `{{{field}}}` has no value");
                call.Run.Append(result, JinjaText.Of(value));
                i = end;
            }
            else
            {
                result.Append(c);
            }
        }
        return result.ToString();

        object? At(int index) => index < call.Positional.Count ? call.Positional[index] : throw new JinjaError("the format needs more values");
    }

    /// <summary>A date in the pattern of C's <c>strftime</c>.</summary>
    /// <exception cref="JinjaError">A letter is not supported.</exception>
    public static string Date(DateTimeOffset date, string pattern)
    {
        var result = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%' || i + 1 == pattern.Length)
            {
                result.Append(pattern[i]);
                continue;
            }
            i++;
            bool unpadded = pattern[i] == '-' && i + 1 < pattern.Length;
            if (unpadded) i++;
            string text = pattern[i] switch
            {
                'd' => date.ToString("dd"), 'm' => date.ToString("MM"), 'Y' => date.ToString("yyyy"), 'y' => date.ToString("yy"),
                'b' => date.ToString("MMM"), 'B' => date.ToString("MMMM"), 'a' => date.ToString("ddd"), 'A' => date.ToString("dddd"),
                'H' => date.ToString("HH"), 'I' => date.ToString("hh"), 'M' => date.ToString("mm"), 'S' => date.ToString("ss"),
                'p' => date.ToString("tt"), 'j' => date.DayOfYear.ToString("000"), 'F' => date.ToString("yyyy-MM-dd"), 'T' => date.ToString("HH:mm:ss"),
                '%' => "%",
                _ => throw new JinjaError($"the date format `%{pattern[i]}` is not supported"),
            };
            result.Append(unpadded && text.Length > 1 ? text.TrimStart('0') is { Length: > 0 } shorter ? shorter : "0" : text);
        }
        return result.ToString();
    }

    private static string Convert(char letter, string digits, object? value)
    {
        switch (letter)
        {
            case 's' when digits.Length == 0:
                return JinjaText.Of(value);
            case 'r' when digits.Length == 0:
                return JinjaText.Repr(value);
            case 'd' or 'i' when JinjaValues.ToNumber(value) is double number:
                string whole = (JinjaValues.ToInteger(value) ?? (long)number).ToString(CultureInfo.InvariantCulture);
                return digits.StartsWith('0') ? whole.PadLeft(Width(digits), '0') : whole.PadLeft(Width(digits));
            case 'f' when JinjaValues.ToNumber(value) is double number:
                int point = digits.IndexOf('.');
                return number.ToString($"F{(point < 0 ? 6 : Width(digits[(point + 1)..]))}", CultureInfo.InvariantCulture);
            default:
                throw new JinjaError($"the format `%{digits}{letter}` is not supported for {JinjaValues.TypeName(value)}");
        }
    }

    private static int Width(string digits) => digits.Length == 0 ? 0
        : int.TryParse(digits, NumberStyles.None, null, out int width) && width <= 100 ? width : throw new JinjaError($"the format width `{digits}` is not supported");
}
