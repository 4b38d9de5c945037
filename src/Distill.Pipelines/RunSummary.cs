using Distill.Pipelines.Report;

namespace Distill.Pipelines;

/// <summary>What a run ended with.</summary>
/// <param name="Folder">The run folder.</param>
/// <param name="ReportPath">The report, or null when stages are left to run.</param>
/// <param name="Run">Stages and times.</param>
/// <param name="Scores">Scores of all evaluated models, in the order of the pipeline.</param>
public sealed record RunSummary(string Folder, string? ReportPath, RunRecord Run, IReadOnlyList<ScoreRow> Scores);
