using System.Globalization;
using System.Text.Json;
using Distill.Runs;

namespace Distill.Eval;

/// <summary>The keys of one map of a suite's file, with errors that name file and line.</summary>
internal sealed class SuiteKeys(string path, int firstLine)
{
    private readonly Dictionary<string, (int Line, List<string> Values)> entries = new(StringComparer.Ordinal);

    /// <summary>The map inside this one, where there is one.</summary>
    public SuiteKeys? Nested { get; set; }

    public void Add(string key, int line, List<string> values) => entries.Add(key, (line, values));

    public bool Has(string key) => entries.ContainsKey(key);

    public string Text(string key)
    {
        if (!Has(key)) throw new InputException($"{path}:{firstLine}: key `{key}` is missing", $"add `{key}:`");
        return entries[key].Values is [{ Length: > 0 } only] ? only : throw Wrong(key, "takes one value", $"write `{key}: value`");
    }

    public IReadOnlyList<string> List(string key, string otherwise)
    {
        if (!Has(key)) return [otherwise];
        return entries[key].Values is { Count: > 0 } values ? values : throw Wrong(key, "is empty", $"write `{key}: {otherwise}`");
    }

    public int Whole(string key, int? otherwise = null)
    {
        if (!Has(key) && otherwise is { } value) return value;
        return int.TryParse(Text(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
            : throw Wrong(key, $"`{Text(key)}` is not a whole number", $"write `{key}: N`");
    }

    public double Number(string key, double otherwise)
    {
        if (!Has(key)) return otherwise;
        return double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number
            : throw Wrong(key, $"`{Text(key)}` is not a number", $"write `{key}: X`");
    }

    public T Word<T>(string key, T? otherwise = null)
        where T : struct, Enum
    {
        if (!Has(key) && otherwise is { } word) return word;
        foreach (T known in Enum.GetValues<T>())
        {
            if (Spelled(known) == Text(key)) return known;
        }
        throw Wrong(key, $"`{Text(key)}` is unknown", NearestName.Hint(Text(key), [.. Enum.GetValues<T>().Select(Spelled)]));
    }

    public InputException Wrong(string key, string what, string hint) => new($"{path}:{entries[key].Line}: key `{key}` {what}", hint);

    private static string Spelled<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
