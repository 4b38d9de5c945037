using System.Globalization;
using Distill.Curation;
using Distill.Curation.Lint;
using Spectre.Console;

namespace Distill.Cli.Curate;

/// <summary>A lint report for people: what was found how often, then examples.</summary>
internal static class LintTable
{
    public static void Show(IAnsiConsole console, LintReport report)
    {
        console.WriteLine($"{report.Set}: {Count(report.Rows)} completions of {Count(report.Prompts)} prompts, {Count(report.RowsWithReasoning)} with reasoning, {Count(report.RowsJudged)} with an answer that could be judged");
        if (report.Findings.Count == 0)
        {
            console.MarkupLine("[green]nothing found[/]");
            return;
        }
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap().RightAligned())
            .AddColumn(new GridColumn().NoWrap().RightAligned()).AddColumn();
        foreach (LintFinding finding in report.Findings)
        {
            grid.AddRow(new Markup(finding.IsProblem ? "[red]problem[/]" : "[yellow]note[/]"), new Text(finding.Check), new Text(Count(finding.Rows)),
                new Text(finding.Share.ToString("P1", CultureInfo.InvariantCulture)), new Text(finding.Meaning));
        }
        console.Write(grid);
        foreach (BenchmarkOutcome set in report.Benchmarks)
            console.WriteLine($"{set.Set}: {Count(set.Found)} of {Count(set.Problems)} problems found, in {Count(set.Prompts)} prompts");
        foreach (LintFinding finding in report.Findings.Where(finding => finding.Examples.Count > 0))
        {
            console.WriteLine();
            console.MarkupLineInterpolated($"[bold]{finding.Check}[/]");
            foreach (LintExample example in finding.Examples)
            {
                console.WriteLine($"  row {example.Row}: {PlainText.Of(example.Prompt, longest: int.MaxValue)}");
                console.WriteLine($"    {PlainText.Of(example.Detail, longest: int.MaxValue)}");
            }
        }
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
