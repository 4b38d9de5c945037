using Distill.Curation;
using Distill.Eval;

namespace Distill.Pipelines.Report;

/// <summary>What a <c>curate</c> stage kept and dropped.</summary>
internal sealed record FunnelData(string Stage, FilterFunnel Funnel, IReadOnlyList<TraceExample> Examples);

/// <summary>The losses of one <c>train</c> stage.</summary>
internal sealed record LossCurve(string Stage, ScoreRole Role, string Student, IReadOnlyList<(double Step, double Loss)> Points, double? TokensPerSecond, long Tokens)
{
    /// <summary>pass@1 on a suite at the steps where it was measured.</summary>
    public IReadOnlyList<(double Step, double Rate)> PassRates { get; init; } = [];
}

/// <summary>One exported file.</summary>
internal sealed record ArtifactRow(string Path, string Format, string Type, long Bytes, double BitsPerWeight, ScoreRow? Score);

/// <summary>The quantised files that one <c>eval</c> stage measured, and the unquantised model's own scores.</summary>
internal sealed record QuantizationData(string Stage, IReadOnlyList<QuantizationScore> Files, IReadOnlyList<SuiteScore> Reference);

/// <summary>Everything the report shows.</summary>
internal sealed record ReportData(
    RunRecord Run, long? Seed, string PipelineText, IReadOnlyList<ScoreRow> Scores, IReadOnlyList<FunnelData> Funnels,
    IReadOnlyList<LossCurve> Curves, IReadOnlyList<ArtifactRow> Artifacts, IReadOnlyList<QuantizationData> Quantizations);
