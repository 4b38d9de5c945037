using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Eval;
using Distill.Pipelines;
using Distill.Runs;

namespace Distill.Cli;

/// <summary>What a stage came to, as its command ends: scores, files or figures, and where they are.</summary>
internal static class StageResultDisplay
{
    /// <summary>Writes it to standard output.</summary>
    /// <param name="terminal">The terminal.</param>
    /// <param name="kind">The command.</param>
    /// <param name="folder">Its folder, as the user named it.</param>
    /// <param name="manifest">What it left.</param>
    public static void Show(Terminal terminal, StageKind kind, string folder, RunManifest manifest)
    {
        if (kind.Name == "eval")
        {
            ShowScores(terminal, EvalReport.Load(folder));
        }
        else
        {
            foreach (string line in Figures(manifest.Results)) terminal.Output.WriteLine(PlainText.Of(line, longest: int.MaxValue));
            if (manifest.Results["files"] is JsonArray { Count: > 0 } files) ShowFiles(terminal, files);
        }
        terminal.Output.WriteLine($"output: {(kind.MainOutput.Length > 0 ? Path.Combine(folder, kind.MainOutput) : folder)}");
    }

    private static void ShowScores(Terminal terminal, EvalReport report)
    {
        var table = new ScoreTable(PlainText.Of(report.Name));
        foreach (SuiteScore score in report.Suites)
            table.Add($"{score.Suite} v{score.Version}", score.PassAt1.Value, score.PassAt1.Low, score.PassAt1.High, score.Problems, score.Samples, score.TruncationRate, score.MeanTokens);
        table.Write(terminal.Rich);
    }

    private static void ShowFiles(Terminal terminal, JsonArray files) => terminal.Table(
        [("file", false), ("MB", true), ("bits per weight", true)],
        [.. files.OfType<JsonObject>().Select(file => (string[])
        [
            (string)file["path"]!, ((double)file["bytes"]! / 1e6).ToString("N2", CultureInfo.InvariantCulture), ((double)file["bits_per_weight"]!).ToString("0.00", CultureInfo.InvariantCulture),
        ])]);

    // The plain figures of a result, counts by name, and notes; other lists and maps are in the stage's own files.
    private static IEnumerable<string> Figures(JsonObject results) =>
        [.. results.Select(figure => (figure.Key, Text: Text(figure.Value))).Where(figure => figure.Text is not null).Select(figure => $"{figure.Key}: {figure.Text}"),
            .. results["notes"] is JsonArray notes ? notes.Select(note => $"note: {PlainText.Of((string?)note ?? "", longest: int.MaxValue)}") : []];

    private static string? Text(JsonNode? figure) => figure switch
    {
        JsonValue value => value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString(),
        JsonObject { Count: > 0 } counts when counts.All(count => count.Value?.GetValueKind() == JsonValueKind.Number) => string.Join(", ", counts.Select(count => $"{count.Key} {count.Value!.ToJsonString()}")),
        _ => null,
    };
}
