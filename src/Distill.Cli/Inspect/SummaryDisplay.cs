using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Inspection;

namespace Distill.Cli.Inspect;

/// <summary>Draws facts under the names that the JSON gives them: single values first, then groups and tables under a title.</summary>
internal static class SummaryDisplay
{
    public static void Show(Terminal terminal, Summary summary)
    {
        terminal.Title($"{summary.Kind}: {PlainText.Of(summary.Path)}");
        terminal.Table(null, Pairs(summary.Facts.Where(fact => fact.Value is JsonValue)));
        foreach ((string key, JsonNode? value) in summary.Facts)
        {
            if (value is not (JsonObject { Count: > 0 } or JsonArray { Count: > 0 })) continue;
            terminal.Output.WriteLine();
            terminal.Title(PlainText.Of(key));
            if (value is JsonObject group) terminal.Table(null, Pairs(Flat(group)));
            else if (value is JsonArray { Count: > 0 } list && list[0] is JsonObject first) ShowRows(terminal, first, list);
            else terminal.Table(null, [.. ((JsonArray)value).Select(item => new[] { Cell("", item) })]);
        }
    }

    private static void ShowRows(Terminal terminal, JsonObject first, JsonArray rows)
    {
        string[] keys = [.. first.Select(entry => entry.Key)];
        bool[] numbers = [.. keys.Select(key => rows.All(row => row![key] is null || row[key]!.GetValueKind() == JsonValueKind.Number))];
        terminal.Table([.. keys.Zip(numbers, (key, right) => (PlainText.Of(key), right))], [.. rows.Select(row => keys.Select(key => Cell(key, row![key])).ToArray())]);
    }

    private static List<string[]> Pairs(IEnumerable<KeyValuePair<string, JsonNode?>> entries) =>
        [.. entries.Select(entry => new[] { PlainText.Of(entry.Key), Cell(entry.Key[(entry.Key.LastIndexOf('.') + 1)..], entry.Value) })];

    // Groups in groups are flattened: `results.loss`. Tables in groups are left to the JSON.
    private static IEnumerable<KeyValuePair<string, JsonNode?>> Flat(JsonObject group, string prefix = "")
    {
        foreach ((string key, JsonNode? value) in group)
        {
            if (value is JsonObject inner)
            {
                foreach (KeyValuePair<string, JsonNode?> entry in Flat(inner, $"{prefix}{key}.")) yield return entry;
            }
            else if (value is not JsonArray { Count: > 0 } list || list[0] is not JsonObject)
            {
                yield return new($"{prefix}{key}", value);
            }
        }
    }

    private static string Cell(string key, JsonNode? value) => value switch
    {
        null => "-",
        JsonArray list => string.Join(", ", list.Select(item => Cell(key, item))),
        JsonValue single when single.TryGetValue(out string? text) => PlainText.Of(text),
        JsonValue single when single.TryGetValue(out long number) => Number(key, number),
        _ => PlainText.Of(value.ToJsonString()),
    };

    private static string Number(string key, long number)
    {
        if (key.EndsWith("bytes", StringComparison.Ordinal)) return Scaled(number, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
        return key.EndsWith("parameters", StringComparison.Ordinal) && number >= 1000
            ? $"{Scaled(number, 1000, ["", "K", "M", "B", "T"])} ({number.ToString("N0", CultureInfo.InvariantCulture)})" : number.ToString(CultureInfo.InvariantCulture);
    }

    private static string Scaled(long number, int step, string[] units)
    {
        double scaled = number;
        int unit = 0;
        for (; scaled >= step && unit < units.Length - 1; unit++) scaled /= step;
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(scaled, unit == 0 ? 0 : 2)} {units[unit]}").TrimEnd();
    }
}
