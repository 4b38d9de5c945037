using System.Text;

namespace Distill.Chat.Jinja;

/// <summary>The methods of Python's texts, dictionaries and lists. Those that would change a value are left out, as in transformers' sandbox.</summary>
internal static class JinjaMethods
{
    private static readonly Dictionary<string, Func<string, JinjaCall, object?>> OfText = new(StringComparer.Ordinal)
    {
        ["strip"] = (text, call) => Strip(text, Characters(call), left: true, right: true),
        ["lstrip"] = (text, call) => Strip(text, Characters(call), left: true, right: false),
        ["rstrip"] = (text, call) => Strip(text, Characters(call), left: false, right: true),
        ["split"] = (text, call) => Split(text, call, fromRight: false),
        ["rsplit"] = (text, call) => Split(text, call, fromRight: true),
        ["splitlines"] = (text, call) => new JinjaList([.. SplitLines(text, call.Flag(0, "keepends"))]),
        ["partition"] = (text, call) => Partition(text, call.Text(0, "sep"), Find(text, call.Text(0, "sep"), last: false), atEnd: false),
        ["rpartition"] = (text, call) => Partition(text, call.Text(0, "sep"), Find(text, call.Text(0, "sep"), last: true), atEnd: true),
        ["startswith"] = (text, call) => Choices(call).Any(choice => text.StartsWith(choice, StringComparison.Ordinal)),
        ["endswith"] = (text, call) => Choices(call).Any(choice => text.EndsWith(choice, StringComparison.Ordinal)),
        ["removeprefix"] = (text, call) => call.Text(0, "prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (text, call) => call.Text(0, "suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        ["replace"] = (text, call) => Replace(call.Run, text, call.Text(0, "old"), call.Text(1, "new"), call.Integer(2, "count", -1)),
        ["upper"] = (text, _) => text.ToUpperInvariant(),
        ["lower"] = (text, _) => text.ToLowerInvariant(),
        ["title"] = (text, _) => Title(text),
        ["capitalize"] = (text, _) => Capitalize(text),
        ["find"] = (text, call) => CodePointIndex(text, Find(text, call.Text(0, "sub"), last: false)),
        ["rfind"] = (text, call) => CodePointIndex(text, Find(text, call.Text(0, "sub"), last: true)),
        ["count"] = (text, call) => Count(text, call.Text(0, "sub")),
        ["join"] = (text, call) => Join(call.Run, text, JinjaValues.Iterate(call.Argument(0, "iterable"))),
        ["format"] = JinjaFormat.Braces,
        ["isdigit"] = (text, _) => text.Length > 0 && text.All(char.IsDigit),
        ["isnumeric"] = (text, _) => text.Length > 0 && text.All(char.IsNumber),
        ["isalpha"] = (text, _) => text.Length > 0 && text.All(char.IsLetter),
        ["isalnum"] = (text, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
        ["isspace"] = (text, _) => text.Length > 0 && text.All(IsSpace),
        ["isupper"] = (text, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["islower"] = (text, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
    };

    private static readonly Dictionary<string, Func<JinjaDictionary, JinjaCall, object?>> OfDictionary = new(StringComparer.Ordinal)
    {
        ["items"] = (dictionary, _) => Pairs(dictionary),
        ["keys"] = (dictionary, _) => new JinjaList([.. dictionary.Items.Select(item => item.Key)]),
        ["values"] = (dictionary, _) => new JinjaList([.. dictionary.Items.Select(item => item.Value)]),
        ["get"] = (dictionary, call) => dictionary.TryGet(call.Argument(0, "key"), out object? value) ? value : call.Argument(1, "default"),
        ["copy"] = (dictionary, _) => dictionary,
    };

    private static readonly Dictionary<string, Func<JinjaList, JinjaCall, object?>> OfList = new(StringComparer.Ordinal)
    {
        ["count"] = (list, call) => (long)list.Items.Count(item => JinjaValues.AreEqual(item, call.Argument(0, "value"))),
        ["index"] = (list, call) => Enumerable.Range(0, list.Items.Count).Cast<int?>()
            .FirstOrDefault(i => JinjaValues.AreEqual(list.Items[i!.Value], call.Argument(0, "value"))) is int index
                ? (long)index
                : throw new JinjaError($"the list has no {JinjaText.Repr(call.Argument(0, "value"))}"),
    };

    /// <summary>A method bound to <paramref name="value"/>, or null when it has none of that name.</summary>
    public static JinjaFunction? Find(object? value, string name) => value switch
    {
        string text when OfText.TryGetValue(name, out var method) => new JinjaFunction(name, call => method(text, Paid(call, text))),
        JinjaDictionary dictionary when OfDictionary.TryGetValue(name, out var method) => new JinjaFunction(name, call => method(dictionary, Paid(call, dictionary.Count))),
        JinjaList list when OfList.TryGetValue(name, out var method) => new JinjaFunction(name, call => method(list, Paid(call, list.Items.Count))),
        _ => null,
    };

    /// <summary>Takes characters off the ends: whitespace, or the ones given.</summary>
    public static string Strip(string text, string? characters, bool left, bool right)
    {
        if (characters is not null) JinjaRun.ChargeSearch(text, characters);
        int start = 0, end = text.Length;
        while (left && start < end && Matches(text[start])) start++;
        while (right && end > start && Matches(text[end - 1])) end--;
        return text[start..end];

        bool Matches(char c) => characters is null ? IsSpace(c) : characters.Contains(c);
    }

    /// <summary>Replaces the first <paramref name="count"/> places, all when it is negative.</summary>
    public static string Replace(JinjaRun run, string text, string old, string by, int count)
    {
        if (old.Length == 0 && count != 0)
        {
            List<string> characters = JinjaValues.Characters(text);
            int places = count < 0 ? characters.Count + 1 : Math.Min(count, characters.Count + 1);
            run.SpendText(text.Length + (long)by.Length * places);
            return string.Concat(characters.Select((character, i) => i < places ? by + character : character)) + (places > characters.Count ? by : "");
        }
        long found = old.Length == 0 ? 0 : Count(text, old);
        if (count >= 0) found = Math.Min(found, count);
        run.SpendText(text.Length + found * (by.Length - old.Length));
        if (count < 0) return text.Replace(old, by, StringComparison.Ordinal);
        var result = new StringBuilder();
        int position = 0;
        for (long i = 0; i < found; i++)
        {
            int place = text.IndexOf(old, position, StringComparison.Ordinal);
            result.Append(text, position, place - position).Append(by);
            position = place + old.Length;
        }
        return result.Append(text, position, text.Length - position).ToString();
    }

    /// <summary>Elements as text, with <paramref name="separator"/> between them.</summary>
    public static string Join(JinjaRun run, string separator, IEnumerable<object?> items)
    {
        var joined = new StringBuilder();
        bool first = true;
        foreach (object? item in items)
        {
            if (!first) run.Append(joined, separator);
            run.Append(joined, JinjaText.Of(item));
            first = false;
        }
        return joined.ToString();
    }

    /// <summary>Key and value pairs of a dictionary, as tuples.</summary>
    public static JinjaList Pairs(JinjaDictionary dictionary) =>
        new([.. dictionary.Items.Select(item => new JinjaList([item.Key, item.Value], isTuple: true))]);

    /// <summary>First letter large, the others small.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>Python's lines: many characters end one.</summary>
    public static IEnumerable<string> SplitLines(string text, bool keepEnds = false)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ((>= '\n' and <= '\r') or (>= '\u001c' and <= '\u001e') or '\u0085' or '\u2028' or '\u2029')) continue;
            int end = i;
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
            yield return text[start..(keepEnds ? i + 1 : end)];
            start = i + 1;
        }
        if (start < text.Length) yield return text[start..];
    }

    /// <summary>Python's whitespace: Unicode's and four control characters.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    private static JinjaCall Paid(JinjaCall call, string text)
    {
        call.Run.SpendText(text.Length);
        return call;
    }

    private static JinjaCall Paid(JinjaCall call, int elements)
    {
        call.Run.Spend(elements);
        return call;
    }

    private static int Find(string text, string part, bool last)
    {
        JinjaRun.ChargeSearch(text, part);
        return last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
    }

    private static string? Characters(JinjaCall call) => call.Argument(0, "chars") is null ? null : call.Text(0, "chars");

    private static IEnumerable<string> Choices(JinjaCall call) =>
        call.Argument(0, "prefix") is JinjaList tuple ? tuple.Items.OfType<string>() : [call.Text(0, "prefix")];

    private static JinjaList Split(string text, JinjaCall call, bool fromRight)
    {
        int most = call.Integer(1, "maxsplit", -1);
        string? separator = call.Argument(0, "sep") is null ? null : call.Text(0, "sep");
        if (separator is { Length: 0 }) throw new JinjaError("split needs a separator that is not empty");
        if (separator is null) text = Strip(text, null, left: !fromRight, right: fromRight);
        else JinjaRun.ChargeSearch(text, separator);

        var parts = new List<object?>();
        (int start, int end) = (0, text.Length);
        while (most < 0 || parts.Count < most)
        {
            (int place, int length) = separator is null ? FindSpace(text, start, end, fromRight)
                : (fromRight ? LastIndex(text, separator, start, end) : text.IndexOf(separator, start, StringComparison.Ordinal), separator.Length);
            if (place < 0) break;
            call.Run.Spend(1);
            parts.Add(fromRight ? text[(place + length)..end] : text[start..place]);
            if (fromRight) end = place;
            else start = place + length;
        }
        if (separator is not null || end > start) parts.Add(text[start..end]);
        if (fromRight) parts.Reverse();
        return new JinjaList(parts);
    }

    private static int LastIndex(string text, string part, int start, int end)
    {
        int place = text.AsSpan(start, end - start).LastIndexOf(part, StringComparison.Ordinal);
        return place < 0 ? -1 : start + place;
    }

    // The next run of whitespace: where it starts and how long it is.
    private static (int Place, int Length) FindSpace(string text, int start, int end, bool fromRight)
    {
        int at = fromRight ? end - 1 : start;
        int step = fromRight ? -1 : 1;
        while (at >= start && at < end && !IsSpace(text[at])) at += step;
        if (at < start || at >= end) return (-1, 0);
        int beyond = at;
        while (beyond >= start && beyond < end && IsSpace(text[beyond])) beyond += step;
        return fromRight ? (beyond + 1, at - beyond) : (at, beyond - at);
    }

    private static JinjaList Partition(string text, string separator, int place, bool atEnd)
    {
        if (separator.Length == 0) throw new JinjaError("partition needs a separator that is not empty");
        return new JinjaList(place >= 0 ? [text[..place], separator, text[(place + separator.Length)..]] : atEnd ? ["", "", text] : [text, "", ""], isTuple: true);
    }

    private static long CodePointIndex(string text, int index) => index < 0 ? -1 : JinjaValues.Length(text[..index]);

    private static long Count(string text, string part)
    {
        if (part.Length == 0) return JinjaValues.Length(text) + 1;
        JinjaRun.ChargeSearch(text, part);
        long count = 0;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    // Python's str.title: a letter is large when no letter stands before it.
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            bool inWord = result.Length > 0 && char.IsLetter(result[^1]);
            result.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
        }
        return result.ToString();
    }
}
