using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Distill.Chat.Jinja;

/// <summary>The filters of a chat template: Jinja's own, with <c>tojson</c> as transformers replaces it.</summary>
internal static partial class JinjaFilters
{
    private static readonly Dictionary<string, Func<object?, JinjaCall, object?>> All = new(StringComparer.Ordinal)
    {
        ["trim"] = (value, call) => JinjaMethods.Strip(JinjaText.Of(value), call.Argument(0, "chars") is null ? null : call.Text(0, "chars"), left: true, right: true),
        ["tojson"] = ToJson,
        ["from_json"] = (value, call) => FromJson(JinjaText.Of(value), call),
        ["length"] = (value, _) => JinjaValues.Length(value),
        ["join"] = (value, call) => JinjaMethods.Join(call.Run, JinjaText.Of(call.Argument(0, "d", "")), Mapped(value, call, 1)),
        ["default"] = (value, call) => value is JinjaUndefined || (call.Flag(1, "boolean") && !JinjaValues.IsTrue(value)) ? call.Argument(0, "default_value", "") : value,
        ["upper"] = (value, _) => JinjaText.Of(value).ToUpperInvariant(),
        ["lower"] = (value, _) => JinjaText.Of(value).ToLowerInvariant(),
        ["capitalize"] = (value, _) => JinjaMethods.Capitalize(JinjaText.Of(value)),
        ["title"] = (value, call) => Title(JinjaText.Of(value), call),
        ["replace"] = (value, call) => JinjaMethods.Replace(call.Run, JinjaText.Of(value), JinjaText.Of(call.Argument(0, "old")),
            JinjaText.Of(call.Argument(1, "new")), call.Argument(2, "count") is null ? -1 : call.Integer(2, "count")),
        ["indent"] = Indent,
        ["string"] = (value, call) => call.Run.Made(JinjaText.Of(value)),
        ["safe"] = (value, _) => value,
        ["escape"] = (value, call) => call.Run.Made(JinjaText.Of(value).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("'", "&#39;").Replace("\"", "&#34;")),
        ["int"] = (value, call) => (object?)ToWhole(value) ?? call.Argument(0, "default", 0L),
        ["float"] = (value, call) => (object?)ToFloat(value) ?? call.Argument(0, "default", 0.0),
        ["abs"] = (value, _) => value is double number ? Math.Abs(number) : value is long and not long.MinValue ? Math.Abs((long)value) : throw NotA(value, "a number"),
        ["round"] = (value, call) => Math.Round(JinjaValues.ToNumber(value) ?? throw NotA(value, "a number"), Math.Clamp(call.Integer(0, "precision", 0), 0, 15), MidpointRounding.ToEven),
        ["list"] = (value, _) => new JinjaList(JinjaValues.Iterate(value)),
        ["items"] = (value, _) => value is JinjaUndefined ? new JinjaList([]) : JinjaMethods.Pairs(value as JinjaDictionary ?? throw NotA(value, "a dictionary")),
        ["first"] = (value, _) => JinjaValues.Iterate(value) is [var first, ..] ? first : new JinjaUndefined("first"),
        ["last"] = (value, _) => JinjaValues.Iterate(value) is [.., var last] ? last : new JinjaUndefined("last"),
        ["reverse"] = (value, _) => value is string text ? string.Concat(JinjaValues.Characters(text).AsEnumerable().Reverse()) : new JinjaList([.. JinjaValues.Iterate(value).Reverse()]),
        ["sort"] = (value, call) => new JinjaList(Sorted(JinjaValues.Iterate(value), Path(call.Argument(2, "attribute")), call.Flag(1, "case_sensitive"), call.Flag(0, "reverse"))),
        ["dictsort"] = (value, call) => new JinjaList(Sorted(JinjaMethods.Pairs(value as JinjaDictionary ?? throw NotA(value, "a dictionary")).Items,
            call.Text(1, "by", "key") == "value" ? ["1"] : ["0"], call.Flag(0, "case_sensitive"), call.Flag(2, "reverse"))),
        ["unique"] = (value, call) => new JinjaList(Unique(JinjaValues.Iterate(value), Path(call.Argument(1, "attribute")), call.Flag(0, "case_sensitive"))),
        ["min"] = (value, call) => Sorted(JinjaValues.Iterate(value), Path(call.Argument(1, "attribute")), call.Flag(0, "case_sensitive"), false) is [var least, ..] ? least : new JinjaUndefined("min"),
        ["max"] = (value, call) => Sorted(JinjaValues.Iterate(value), Path(call.Argument(1, "attribute")), call.Flag(0, "case_sensitive"), true) is [var most, ..] ? most : new JinjaUndefined("max"),
        ["sum"] = (value, call) => Mapped(value, call, 0).Aggregate(call.Argument(1, "start", 0L), (sum, item) => JinjaArithmetic.Apply(call.Run, "+", sum, item)),
        ["map"] = Map,
        ["select"] = (value, call) => Select(value, call, hasAttribute: false, keep: true),
        ["reject"] = (value, call) => Select(value, call, hasAttribute: false, keep: false),
        ["selectattr"] = (value, call) => Select(value, call, hasAttribute: true, keep: true),
        ["rejectattr"] = (value, call) => Select(value, call, hasAttribute: true, keep: false),
        ["format"] = (value, call) => JinjaFormat.Percent(call.Run, JinjaText.Of(value), call.Positional),
        ["wordcount"] = (value, _) => (long)Words().Count(JinjaText.Of(value)),
    };

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal) { ["count"] = "length", ["d"] = "default", ["e"] = "escape" };

    /// <summary>The filter of that name, or null.</summary>
    public static Func<object?, JinjaCall, object?>? Find(string name) => All.GetValueOrDefault(OtherNames.GetValueOrDefault(name, name));

    private static string ToJson(object? value, JinjaCall call)
    {
        string? indent = call.Argument(1, "indent") switch
        {
            null => null,
            string text => text,
            _ => new string(' ', Math.Clamp(call.Integer(1, "indent"), 0, 100)),
        };
        (string, string)? separators = call.Argument(2, "separators") is JinjaList { Items: [string item, string key] } ? (item, key) : null;
        return call.Run.Made(JinjaText.Json(value, indent, separators, call.Flag(3, "sort_keys"), call.Flag(0, "ensure_ascii")));
    }

    // Not Jinja's: templates that llama.cpp collects for models without one of their own take JSON apart with it.
    private static object? FromJson(string text, JinjaCall call)
    {
        call.Run.Spend(text.Length);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return JinjaValues.FromJson(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new JinjaError("from_json is given a text that is no JSON"); // or JSON that spells half a surrogate pair
        }
    }

    private static string Title(string text, JinjaCall call)
    {
        call.Run.Spend(text.Length);
        return string.Concat(WordStarts().Split(text).Select(JinjaMethods.Capitalize));
    }

    private static string Indent(object? value, JinjaCall call)
    {
        string indent = call.Argument(0, "width") is string text ? text : new string(' ', Math.Clamp(call.Integer(0, "width", 4), 0, 1000));
        bool blank = call.Flag(2, "blank");
        string[] lines = [.. JinjaMethods.SplitLines(JinjaText.Of(value) + "\n")];
        call.Run.SpendText(lines.Sum(line => line.Length + 1L + indent.Length));
        IEnumerable<string> indented = lines.Select((line, i) => i == 0 || (line.Length == 0 && !blank) ? line : indent + line);
        return (call.Flag(1, "first") ? indent : "") + string.Join('\n', indented);
    }

    private static JinjaList Map(object? value, JinjaCall call)
    {
        if (call.Positional.Count == 0) return new JinjaList([.. Mapped(value, call, int.MaxValue)]);
        string name = call.Text(0, "filter");
        Func<object?, JinjaCall, object?> filter = Find(name) ?? throw new JinjaError($"unknown filter `{name}`");
        JinjaCall inner = call with { Positional = [.. call.Positional.Skip(1)] };
        return new JinjaList([.. Paid(value, call).Select(item => filter(Charged(item), inner))]);
    }

    private static JinjaList Select(object? value, JinjaCall call, bool hasAttribute, bool keep)
    {
        string[] path = hasAttribute ? Path(call.Argument(0, "attribute") ?? throw new JinjaError("an attribute is missing")) : [];
        int skip = hasAttribute ? 1 : 0;
        Func<object?, JinjaCall, bool> test = static (item, _) => JinjaValues.IsTrue(item);
        if (call.Positional.Count > skip)
        {
            string name = call.Text(skip, "test");
            test = JinjaTests.Find(name) ?? throw new JinjaError($"unknown test `{name}`");
        }
        JinjaCall inner = call with { Positional = [.. call.Positional.Skip(skip + 1)] };
        return new JinjaList([.. Paid(value, call).Where(item => test(Charged(Walk(item, path)), inner) == keep)]);
    }

    // Elements, or one member of each when the call names an attribute.
    private static IEnumerable<object?> Mapped(object? value, JinjaCall call, int position)
    {
        string[] path = Path(call.Argument(position, "attribute"));
        object? otherwise = call.Named.GetValueOrDefault("default");
        return Paid(value, call).Select(item => Walk(item, path) is var member && member is JinjaUndefined && otherwise is not null ? otherwise : member);
    }

    private static IReadOnlyList<object?> Paid(object? value, JinjaCall call)
    {
        IReadOnlyList<object?> items = JinjaValues.Iterate(value);
        call.Run.Spend(items.Count);
        return items;
    }

    private static object? Charged(object? item)
    {
        if (item is string text) JinjaRun.ChargeText(text);
        return item;
    }

    private static string[] Path(object? attribute) => attribute is null ? [] : JinjaText.Of(attribute).Split('.');

    private static object? Walk(object? item, string[] path)
    {
        foreach (string name in path) item = JinjaValues.Item(item, long.TryParse(name, NumberStyles.None, null, out long index) ? index : name);
        return item;
    }

    private static List<object?> Sorted(IReadOnlyList<object?> items, string[] path, bool caseSensitive, bool reverse)
    {
        var order = Comparer<object?>.Create((left, right) => JinjaValues.Compare(left, right) * (reverse ? -1 : 1));
        try
        {
            return [.. items.OrderBy(item => Folded(Walk(item, path), caseSensitive), order)];
        }
        catch (InvalidOperationException e) when (e.InnerException is JinjaError error)
        {
            throw new JinjaError(error.Message); // sorting wraps what comparing throws
        }
    }

    private static List<object?> Unique(IReadOnlyList<object?> items, string[] path, bool caseSensitive)
    {
        var seen = new JinjaDictionary();
        var unique = new List<object?>();
        foreach (object? item in items)
        {
            object? key = Folded(Walk(item, path), caseSensitive);
            if (seen.TryGet(key, out _)) continue;
            seen.Set(key, null);
            unique.Add(item);
        }
        return unique;
    }

    private static object? Folded(object? value, bool caseSensitive) => Charged(value) is string text && !caseSensitive ? text.ToLowerInvariant() : value;

    private static long? ToWhole(object? value) => value switch
    {
        bool or long => JinjaValues.ToInteger(value),
        double number when Math.Abs(number) < 9e18 => (long)number,
        string text when long.TryParse(text.Trim().Replace("_", ""), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => number,
        string text when ToFloat(text) is double number && Math.Abs(number) < 9e18 => (long)number,
        _ => null,
    };

    private static double? ToFloat(object? value) => value is string text
        ? double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null
        : JinjaValues.ToNumber(value);

    private static JinjaError NotA(object? value, string kind) => new($"{JinjaValues.TypeName(value)} is not {kind}");

    [GeneratedRegex(@"([-\s({\[<]+)")]
    private static partial Regex WordStarts();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Words();
}
