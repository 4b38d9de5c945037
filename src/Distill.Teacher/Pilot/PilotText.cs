using System.Globalization;
using Distill.Runs;

namespace Distill.Teacher.Pilot;

/// <summary>A pilot's report for people.</summary>
internal static class PilotText
{
    // Above this share the limit deserves a word.
    private const double ManyTruncated = 0.05;

    /// <summary>The lines.</summary>
    /// <param name="report">The report.</param>
    /// <param name="file">Where it was written.</param>
    /// <param name="options">Limits and prices.</param>
    public static List<string> Lines(PilotReport report, string file, TeacherGenOptions options)
    {
        bool hasPrices = options.PromptPrice > 0 || options.CompletionPrice > 0 || options.HourPrice > 0;
        PilotForecast run = report.WholeRun;
        List<string> lines =
        [
            $"pilot: {Number(report.Rollouts)} rollouts of {Number(report.Prompts)} prompts drawn at random, all stored; in brackets the 95 % intervals",
            $"  tokens of a rollout  median {Text(report.MedianTokens, Number)}, mean {Text(report.MeanTokens, Number)}, 95 % below {Text(report.MostTokens, Number)}, longest {Number(report.LongestTokens)}",
            $"  accepted             {(report.Accepted is null ? "not verified" : $"{Text(report.Accepted, Percent)}, of prompts {Text(report.PromptsAccepted, Percent)}")}",
            $"  truncated            {Text(report.Truncated, Percent)}",
            $"  failed               {Text(report.Failed, Percent)}",
            $"  end states           {string.Join(", ", report.EndStates.Select(state => $"{state.Key} {Number(state.Value)}"))}; {Percent(report.Waste)} of the tokens wasted",
            report.Pace is { } pace ? $"  pace                 {Text(pace)}" : "  pace                 no time was measured",
            $"whole run: {Number(run.Rollouts)} rollouts, {Number(run.Left)} left",
            $"  completion tokens    {Text(run.CompletionTokens, Number)}, of prompts {Text(run.PromptTokens, Number)}",
        ];
        if (report.Accepted is not null) lines.Add($"  accepted             {Text(run.Accepted, Number)} rollouts");
        lines.Add($"  hours left           {Text(run.HoursLeft, Short)}");
        lines.Add($"  dollars              {(hasPrices ? Text(run.Dollars, value => "$" + Number(value)) : "no prices given (--prompt-price and --completion-price, or --hour-price)")}");
        lines.AddRange(Notes(report, options.MaxTruncated));
        lines.Add($"report: {file}");
        return lines;
    }

    private static IEnumerable<string> Notes(PilotReport report, double maxTruncated)
    {
        if (report.Truncated.High > maxTruncated) yield return $"note: the whole run stops when more than {Percent(maxTruncated)} is cut off (--max-truncated): raise --max-tokens {report.MaxTokens}";
        else if (report.Truncated.Value > ManyTruncated) yield return $"note: more than {Percent(ManyTruncated)} is cut off by --max-tokens {report.MaxTokens}";
        if (report.MostTokens.High >= report.MaxTokens && report.LongestTokens < report.MaxTokens) yield return "note: so few rollouts do not bound the longest ones: the upper end is --max-tokens";
        if (report.ComputedTogether > 1) yield return $"note: this teacher computes {report.ComputedTogether} rollouts together, so the prompts were drawn in stretches of the file: if it is sorted, the intervals are too narrow";
        if (report.Pace is { } pace && pace.UnderWayLater > pace.UnderWay) yield return $"note: the pilot had {pace.UnderWay} requests under way, the whole run will have {pace.UnderWayLater}: a larger pilot tells its pace better";
    }

    private static string Text(PilotPace pace) => pace.StreamTokensPerSecond is { } stream
        ? $"{Text(pace.TokensPerSecond, Number)} tokens/s with {Number(pace.UnderWayLater)} requests under way, each {Text(stream, Short)}"
        : $"{Text(pace.TokensPerSecond, Number)} tokens/s";

    private static string Text(Estimate? estimate, Func<double, string> format) =>
        estimate is null ? "unknown" : $"{format(estimate.Value)} ({format(estimate.Low)} to {format(estimate.High)})";

    private static string Number(double value) => value >= 1e9 ? string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.00} billion")
        : value < 10 && value != Math.Floor(value) ? Short(value) : value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
