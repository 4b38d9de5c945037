using System.Buffers;
using System.Globalization;
using System.Text;

namespace Distill.Chat.Jinja;

/// <summary>Values as text, in Python's spelling.</summary>
internal static class JinjaText
{
    private static readonly string ControlCharacters = string.Concat(Enumerable.Range(0, ' ').Select(c => (char)c));
    private static readonly SearchValues<char> NotPlainJson = SearchValues.Create(ControlCharacters + "\"\\");
    private static readonly SearchValues<char> NotPlainAscii = SearchValues.Create(ControlCharacters + "\"\\" + string.Concat(Enumerable.Range('~' + 1, char.MaxValue - '~').Select(c => (char)c)));
    private static readonly SearchValues<char> NotPlainRepr = SearchValues.Create(ControlCharacters + "\u007f'\"\\");

    /// <summary>A value as a template prints it.</summary>
    public static string Of(object? value) => value switch
    {
        string text => text,
        JinjaUndefined => "",
        _ => Repr(value),
    };

    /// <summary>A value as it is spelled inside a list: text in quotes.</summary>
    /// <exception cref="JinjaError">The text becomes too long.</exception>
    public static string Repr(object? value)
    {
        var text = new StringBuilder();
        Write(value);
        string spelled = text.ToString();
        JinjaRun.ChargeText(spelled);
        return spelled;

        void Write(object? element)
        {
            JinjaRun.Visit();
            if (text.Length > JinjaRun.LongestText) throw new JinjaError("a value is too long to print");
            switch (element)
            {
                case JinjaList list:
                    WriteItems(list.IsTuple ? '(' : '[', list.IsTuple ? ')' : ']', list.Items, Write);
                    if (list is { IsTuple: true, Items.Count: 1 }) text.Insert(text.Length - 1, ',');
                    break;
                case JinjaDictionary dictionary:
                    WriteItems('{', '}', dictionary.Items, item =>
                    {
                        Write(item.Key);
                        text.Append(": ");
                        Write(item.Value);
                    });
                    break;
                default:
                    text.Append(ReprOfOne(element));
                    break;
            }
        }

        void WriteItems<T>(char open, char close, IEnumerable<T> items, Action<T> write)
        {
            text.Append(open);
            bool first = true;
            foreach (T item in items)
            {
                if (!first) text.Append(", ");
                first = false;
                write(item);
            }
            text.Append(close);
        }
    }

    private static string ReprOfOne(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => OfNumber(number),
        string text => Quote(text),
        JinjaUndefined => "Undefined",
        JinjaFunction function => $"<function {function.Name}>",
        _ => $"<{value.GetType().Name["Jinja".Length..].ToLowerInvariant()}>",
    };

    /// <summary>A floating-point number in Python's spelling: always with a point or an exponent.</summary>
    public static string OfNumber(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        // .NET and Python agree on the digits and differ in when they write an exponent.
        string shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        for (int precision = 0; precision < 17; precision++)
        {
            string candidate = number.ToString($"E{precision}", CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) != number) continue;
            shortest = candidate;
            break;
        }
        int e = shortest.IndexOf('E');
        int exponent = int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = shortest[0] == '-' ? "-" : "";
        string digits = shortest[sign.Length..e].Replace(".", "");
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        digits = digits.PadRight(exponent + 1, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{(digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0")}";
    }

    /// <summary>A value as JSON in the layout of Python's <c>json.dumps</c>.</summary>
    /// <param name="value">The value.</param>
    /// <param name="indent">Text of one level of indentation; null for one line.</param>
    /// <param name="separators">Between items, and between key and value; null for the usual ones.</param>
    /// <param name="sortKeys">Whether keys go in order.</param>
    /// <param name="asciiOnly">Whether other characters are escaped.</param>
    /// <exception cref="JinjaError">The value has no JSON form.</exception>
    public static string Json(object? value, string? indent = null, (string Item, string Key)? separators = null, bool sortKeys = false, bool asciiOnly = false)
    {
        var json = new StringBuilder();
        Write(value, 0);
        return json.ToString();

        void Write(object? element, int depth)
        {
            JinjaRun.Visit();
            if (json.Length > JinjaRun.LongestText) throw new JinjaError("tojson makes too long a text");
            switch (element)
            {
                case JinjaList list:
                    WriteItems('[', ']', list.Items, depth, item => Write(item, depth + 1));
                    break;
                case JinjaDictionary dictionary:
                    IEnumerable<(object? Key, object? Value)> members = dictionary.Items;
                    if (sortKeys) members = members.OrderBy(member => KeyText(member.Key), StringComparer.Ordinal);
                    WriteItems('{', '}', [.. members], depth, member =>
                    {
                        AppendJsonString(json, KeyText(member.Key), asciiOnly);
                        json.Append(separators?.Key ?? ": ");
                        Write(member.Value, depth + 1);
                    });
                    break;
                case string text:
                    AppendJsonString(json, text, asciiOnly);
                    break;
                default:
                    json.Append(Scalar(element));
                    break;
            }
        }

        void WriteItems<T>(char open, char close, IReadOnlyList<T> items, int depth, Action<T> write)
        {
            json.Append(open);
            for (int i = 0; i < items.Count; i++)
            {
                if (i > 0) json.Append(separators?.Item ?? (indent is null ? ", " : ","));
                BreakLine(depth + 1);
                write(items[i]);
            }
            if (items.Count > 0) BreakLine(depth);
            json.Append(close);
        }

        void BreakLine(int depth)
        {
            if (indent is null) return;
            json.Append('\n');
            for (int i = 0; i < depth; i++) json.Append(indent);
        }

        static string KeyText(object? key) => key as string ?? Scalar(key);
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : OfNumber(number),
        _ => throw new JinjaError($"{JinjaValues.TypeName(value)} has no JSON form"),
    };

    private static void AppendJsonString(StringBuilder json, string text, bool asciiOnly)
    {
        json.Append('"');
        AppendEscaped(json, text, asciiOnly ? NotPlainAscii : NotPlainJson, c => c switch
        {
            '"' => "\\\"",
            '\\' => @"\\",
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            '\b' => @"\b",
            '\f' => @"\f",
            _ => $@"\u{(int)c:x4}",
        });
        json.Append('"');
    }

    private static string Quote(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder(text.Length + 2).Append(quote);
        AppendEscaped(quoted, text, NotPlainRepr, c => c switch
        {
            '\\' => @"\\",
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            '\'' or '"' => c == quote ? $@"\{c}" : c.ToString(),
            _ => $@"\x{(int)c:x2}",
        });
        return quoted.Append(quote).ToString();
    }

    // Whole stretches at a time: texts are long, and little in them is escaped.
    private static void AppendEscaped(StringBuilder to, ReadOnlySpan<char> text, SearchValues<char> special, Func<char, string> escape)
    {
        for (int plain; (plain = text.IndexOfAny(special)) >= 0; text = text[(plain + 1)..]) to.Append(text[..plain]).Append(escape(text[plain]));
        to.Append(text);
    }
}
