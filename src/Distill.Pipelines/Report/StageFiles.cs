using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Curation;
using Distill.Eval;
using Distill.Export;
using Distill.Training;

namespace Distill.Pipelines.Report;

/// <summary>Reads the files that stages leave for the report.</summary>
internal static class StageFiles
{
    /// <summary>Scores of an <c>eval</c> stage, one for each suite.</summary>
    public static IEnumerable<ScoreRow> Scores(PlannedStage stage, Lineage lineage)
    {
        EvalReport report = EvalReport.Load(stage.Folder);
        string model = Lineage.Text(stage, "model"), name = Lineage.Text(stage, "name");
        ScoreRole role = lineage.RoleOf(model);
        return report.Suites.Select(score => new ScoreRow(
            name.Length > 0 ? name : report.Name, role, score.Suite, score.PassAt1.Value, score.PassAt1.Low, score.PassAt1.High, score.Problems, score.Samples,
            score.TruncationRate, score.MeanTokens, score.TokensPerSecond > 0 ? score.TokensPerSecond : null, model));
    }

    /// <summary>The quantised files that an <c>eval</c> stage measured, if it did.</summary>
    public static QuantizationData? Quantization(PlannedStage stage) =>
        EvalReport.Load(stage.Folder) is { Quantization: { Count: > 0 } files } report ? new QuantizationData(stage.Id, files, report.Suites) : null;

    /// <summary>Funnel and examples of a <c>curate</c> stage.</summary>
    public static FunnelData Funnel(PlannedStage stage) => new(stage.Id, FilterFunnel.Load(stage.Folder), TraceExample.Load(stage.Folder));

    /// <summary>Loss by step of a <c>train</c> stage, from its <c>metrics.jsonl</c>.</summary>
    public static LossCurve Losses(PlannedStage stage, Lineage lineage)
    {
        var points = new List<(double Step, double Loss)>();
        var rates = new List<(double Step, double Rate)>();
        var speeds = new List<double>();
        long tokens = 0;
        string path = Path.Combine(stage.Folder, TrainStage.MetricsFileName);
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (TryParse(line) is not { } step || Number(step, "step") is not { } number || Number(step, "loss") is not { } loss) continue;
            points.Add((number, loss));
            if (Number(step, "pass@1") is { } rate) rates.Add((number, rate));
            if (Number(step, "tokens_per_second") is { } speed) speeds.Add(speed);
            tokens = (long)(Number(step, "tokens") ?? tokens);
        }
        speeds.Sort();
        return new LossCurve(stage.Id, lineage.RoleOfStudent(stage), Lineage.Text(stage, "student"), points, speeds.Count > 0 ? speeds[speeds.Count / 2] : null, tokens) { PassRates = rates };
    }

    /// <summary>Files of an <c>export</c> stage.</summary>
    public static IEnumerable<ArtifactRow> Artifacts(PlannedStage stage, IReadOnlyList<ScoreRow> scores) =>
        ExportResult.Load(stage.Folder).Files.Select(file => new ArtifactRow(
            $"{stage.Id}/{file.Path}", file.Format, file.Type, file.Bytes, file.BitsPerWeight, scores.FirstOrDefault(score => IsOf(score, stage, file))));

    private static bool IsOf(ScoreRow score, PlannedStage stage, ArtifactFile file)
    {
        string path = Path.GetFullPath(Path.Combine(stage.Folder, file.Path)), scored = Path.GetFullPath(score.Model);
        return path == scored || path.StartsWith(scored + Path.DirectorySeparatorChar, StringComparison.Ordinal); // an ONNX model is scored by its folder
    }

    private static JsonObject? TryParse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // a line torn by a crash has no place in a chart
        }
    }

    private static double? Number(JsonObject map, string key) =>
        map[key] is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;
}
