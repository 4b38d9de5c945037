using System.Text.Json;

namespace Distill.Chat.Jinja;

/// <summary>What Python does with values, as far as templates rely on it.</summary>
internal static class JinjaValues
{
    // A character taken out of a text is a text of its own.
    private const int UnitsPerCharacter = 2;

    private static readonly string[] Short = [.. Enumerable.Range(0, 256).Select(c => ((char)c).ToString())];

    /// <summary>A value from JSON.</summary>
    public static object? FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case JsonValueKind.Number:
                return json.TryGetInt64(out long number) && !json.GetRawText().AsSpan().ContainsAny('.', 'e', 'E') ? (object)number : json.GetDouble();
            case JsonValueKind.Array:
                return new JinjaList([.. json.EnumerateArray().Select(FromJson)]);
            case JsonValueKind.Object:
                var dictionary = new JinjaDictionary();
                foreach (JsonProperty member in json.EnumerateObject()) dictionary.Set(member.Name, FromJson(member.Value));
                return dictionary;
            default:
                return null;
        }
    }

    /// <summary>Name of a value's type, for messages.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        JinjaUndefined undefined => $"undefined (`{undefined.Name}`)",
        bool => "a truth value",
        long => "a whole number",
        double => "a number",
        string => "text",
        JinjaList { IsTuple: true } => "a tuple",
        JinjaList => "a list",
        JinjaDictionary => "a dictionary",
        JinjaFunction function => $"the function `{function.Name}`",
        _ => "an object",
    };

    /// <summary>Truth of a value: empty, zero, none and undefined are false.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        JinjaList list => list.Items.Count > 0,
        JinjaDictionary dictionary => dictionary.Count > 0,
        _ => true,
    };

    /// <summary>Whether two values are equal; 1, 1.0 and true are.</summary>
    public static bool AreEqual(object? left, object? right)
    {
        JinjaRun.Visit();
        return (left, right) switch
        {
            (null, null) or (JinjaUndefined, JinjaUndefined) => true,
            (string a, string b) => AreEqual(a, b),
            (JinjaList a, JinjaList b) => a.IsTuple == b.IsTuple && AreEqual(a.Items, b.Items),
            (JinjaDictionary a, JinjaDictionary b) => a.Count == b.Count && a.Items.All(item => b.TryGet(item.Key, out object? other) && AreEqual(item.Value, other)),
            (long a, long b) => a == b,
            _ when ToNumber(left) is double a && ToNumber(right) is double b => a == b,
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Whether two texts are equal.</summary>
    public static bool AreEqual(string left, string right)
    {
        if (left.Length == right.Length) JinjaRun.ChargeText(left);
        return string.Equals(left, right, StringComparison.Ordinal);
    }

    private static bool AreEqual(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        if (left.Count != right.Count) return false;
        for (int i = 0; i < left.Count; i++)
        {
            if (!AreEqual(left[i], right[i])) return false;
        }
        return true;
    }

    /// <summary>Order of two numbers, texts or lists.</summary>
    /// <exception cref="JinjaError">They have none.</exception>
    public static int Compare(object? left, object? right)
    {
        JinjaRun.Visit();
        if (left is long first && right is long second) return first.CompareTo(second);
        if (ToNumber(left) is double a && ToNumber(right) is double b) return a.CompareTo(b);
        if (left is string x && right is string y)
        {
            JinjaRun.ChargeText(x.Length < y.Length ? x : y);
            return string.CompareOrdinal(x, y);
        }
        if (left is JinjaList l && right is JinjaList r)
        {
            for (int i = 0; i < Math.Min(l.Items.Count, r.Items.Count); i++)
            {
                if (!AreEqual(l.Items[i], r.Items[i])) return Compare(l.Items[i], r.Items[i]);
            }
            return l.Items.Count.CompareTo(r.Items.Count);
        }
        throw new JinjaError($"{TypeName(left)} and {TypeName(right)} have no order");
    }

    /// <summary>A number or truth value as a floating-point number; null for anything else.</summary>
    public static double? ToNumber(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        double number => number,
        _ => null,
    };

    /// <summary>A number as it takes part in whole-number arithmetic; null for anything else.</summary>
    public static long? ToInteger(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        _ => null,
    };

    /// <summary>Elements of a list, keys of a dictionary, characters of a text; none of an undefined value.</summary>
    /// <exception cref="JinjaError">It cannot be looped over.</exception>
    public static IReadOnlyList<object?> Iterate(object? value) => value switch
    {
        JinjaList list => list.Items,
        JinjaDictionary dictionary => Keys(dictionary),
        string text => Characters(text),
        JinjaUndefined => [],
        _ => throw new JinjaError($"{TypeName(value)} cannot be looped over"),
    };

    /// <summary>Length of a list, dictionary or text (in code points).</summary>
    /// <exception cref="JinjaError">It has none.</exception>
    public static long Length(object? value) => value switch
    {
        JinjaList list => list.Items.Count,
        JinjaDictionary dictionary => dictionary.Count,
        string text => CountCharacters(text),
        JinjaUndefined => 0,
        _ => throw new JinjaError($"{TypeName(value)} has no length"),
    };

    /// <summary>The code points of a text, each as a text. Half a surrogate pair counts as one.</summary>
    public static List<string> Characters(string text)
    {
        JinjaRun.Charge(UnitsPerCharacter * (long)text.Length);
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            int length = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            characters.Add(text[i] < Short.Length ? Short[text[i]] : text.Substring(i, length));
            i += length - 1;
        }
        return characters;
    }

    private static int CountCharacters(string text)
    {
        JinjaRun.ChargeText(text);
        int count = text.Length;
        for (int i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1])) count--;
        }
        return count;
    }

    private static List<object?> Keys(JinjaDictionary dictionary)
    {
        JinjaRun.Charge(dictionary.Count);
        return [.. dictionary.Items.Select(item => item.Key)];
    }

    /// <summary>Whether <paramref name="container"/> holds <paramref name="element"/>: an element, a key, or a stretch of text.</summary>
    /// <exception cref="JinjaError">It cannot hold anything.</exception>
    public static bool Contains(object? container, object? element) => (container, element) switch
    {
        (JinjaDictionary dictionary, _) => dictionary.TryGet(element, out _),
        (JinjaList list, _) => list.Items.Any(item => AreEqual(item, element)),
        (string text, string part) => ContainsText(text, part),
        (JinjaUndefined, _) => false,
        (string, _) => throw new JinjaError($"`in` looks for text in text, not for {TypeName(element)}"),
        _ => throw new JinjaError($"{TypeName(container)} cannot hold anything"),
    };

    private static bool ContainsText(string text, string part)
    {
        JinjaRun.ChargeSearch(text, part);
        return text.Contains(part, StringComparison.Ordinal);
    }

    /// <summary>A member written with a dot: a method first, then a key.</summary>
    public static object? Attribute(object? value, string name) => value switch
    {
        JinjaUndefined undefined => throw new JinjaError($"`{undefined.Name}` is undefined and has no `{name}`"),
        JinjaNamespace space => space.Members.TryGetValue(name, out object? member) ? member : new JinjaUndefined(name),
        JinjaLoop loop => loop.Member(name),
        _ => JinjaMethods.Find(value, name) ?? (value is JinjaDictionary dictionary && dictionary.TryGet(name, out object? entry) ? entry : new JinjaUndefined(name)),
    };

    /// <summary>A member written in brackets: a key or position first, then a method.</summary>
    public static object? Item(object? value, object? key)
    {
        switch (value)
        {
            case JinjaDictionary dictionary when dictionary.TryGet(key, out object? entry):
                return entry;
            case JinjaList list when ToInteger(key) is long index:
                if (index < 0) index += list.Items.Count;
                return index >= 0 && index < list.Items.Count ? list.Items[(int)index] : new JinjaUndefined($"[{key}]");
            case string text when ToInteger(key) is long index:
                int count = CountCharacters(text);
                if (index < 0) index += count;
                if (index < 0 || index >= count) return new JinjaUndefined($"[{key}]");
                return count == text.Length ? text[(int)index].ToString() : Characters(text)[(int)index];
            default:
                return key is string name ? Attribute(value, name) : value is JinjaUndefined undefined
                    ? throw new JinjaError($"`{undefined.Name}` is undefined and has no elements")
                    : new JinjaUndefined($"[{JinjaText.Repr(key)}]");
        }
    }

    /// <summary>Elements <c>[start:stop:step]</c> of a list or text.</summary>
    /// <exception cref="JinjaError">It has no elements in order, or a bound is not a whole number.</exception>
    public static object Slice(object? value, object? start, object? stop, object? step)
    {
        if (value is string plain && step is null && CountCharacters(plain) == plain.Length) return Substring(plain, Bound(start), Bound(stop));
        IReadOnlyList<object?> items = value switch
        {
            JinjaList list => list.Items,
            string text => Characters(text),
            JinjaUndefined => [],
            _ => throw new JinjaError($"{TypeName(value)} has no slices"),
        };
        long by = Bound(step) ?? 1;
        if (by == 0) throw new JinjaError("a slice cannot have step 0");
        long first = Clamp(Bound(start), by > 0 ? 0 : items.Count - 1), last = Clamp(Bound(stop), by > 0 ? items.Count : -1);
        var taken = new List<object?>();
        for (long i = first; by > 0 ? i < last : i > last; i += by)
        {
            taken.Add(items[(int)i]);
            if (by > items.Count || by < -items.Count) break;
        }
        return value is string ? string.Concat(taken) : new JinjaList(taken, value is JinjaList { IsTuple: true });

        long Clamp(long? bound, long otherwise)
        {
            if (bound is not long given) return otherwise;
            if (given < 0) given += items.Count;
            return Math.Clamp(given, by > 0 ? 0 : -1, by > 0 ? items.Count : items.Count - 1);
        }

        static string Substring(string text, long? start, long? stop)
        {
            int from = Place(start ?? 0), to = Place(stop ?? text.Length);
            return from < to ? text[from..to] : "";

            int Place(long bound) => (int)Math.Clamp(bound < 0 ? bound + text.Length : bound, 0, text.Length);
        }

        static long? Bound(object? bound) => bound is null ? null : ToInteger(bound) ?? throw new JinjaError($"a slice bound is {TypeName(bound)}, not a whole number");
    }
}
