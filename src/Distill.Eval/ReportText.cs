using System.Text;

namespace Distill.Eval;

/// <summary>The report as Markdown.</summary>
internal static class ReportText
{
    public static string Of(EvalReport report)
    {
        var text = new StringBuilder();
        text.Append($"# {report.Name}\n\n");
        text.Append("| suite | pass@1 | 95 % interval | problems × samples | truncated | no answer | tokens mean / median / p95 | tokens/s | seconds |\n");
        text.Append("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (SuiteScore score in report.Suites)
        {
            text.Append($"| {score.Suite} v{score.Version} | **{Percent(score.PassAt1.Value)}** | {Percent(score.PassAt1.Low)} – {Percent(score.PassAt1.High)} ");
            text.Append($"| {score.Problems} × {score.Samples} | {Percent(score.TruncationRate)} | {Percent(score.NoAnswerRate)} ");
            text.Append($"| {score.MeanTokens:0} / {score.MedianTokens:0} / {score.P95Tokens:0} | {score.TokensPerSecond:0} | {score.Seconds:0.0} |\n");
        }
        foreach (SuiteScore score in report.Suites)
        {
            text.Append($"\n{score.Suite} v{score.Version}: temperature {score.Temperature:0.##}, top-p {score.TopP:0.##}, at most {score.MaxTokens} tokens, verifier {score.Verifier}");
            text.Append(score.PassAt1.StandardError is { } error ? $"; standard error {100 * error:0.00} points over problems" : "");
            text.Append(score.PassAt1.SamplingStandardError is { } sampling ? $", {100 * sampling:0.00} from sampling alone" : "");
            foreach ((int k, double value) in score.PassAt.Where(entry => entry.Key > 1)) text.Append($"; pass@{k} {Percent(value)}");
            text.Append($"; problems `{score.ProblemsFingerprint[..12]}`.\n");
        }
        if (report.Quantization is { } files)
        {
            text.Append("\n## Quantised files\n\n");
            foreach (string line in QuantizationTable.Lines(files)) text.Append(line).Append('\n');
            text.Append("\nKL is the mean Kullback-Leibler divergence of the next-token distribution from the unquantised model's, in nats, ± its standard error; ");
            text.Append("99.9 % is the divergence that this share of positions stays within. Weights only: activations are computed in single precision.\n");
        }
        text.Append($"\nModel `{report.Model}` on {report.Device}, seed {report.Seed}, batch size {report.BatchSize?.ToString() ?? "none"}, distill {report.ToolVersion}.\n\n");
        text.Append("pass@1 is the mean over problems of the share of right samples, never the best of several; completions that are cut off or give no answer count as wrong. ");
        text.Append("The interval is Wilson's for the effective number of independent answers, since samples of one problem are not independent.\n");
        return text.ToString();
    }

    private static string Percent(double share) => $"{100 * share:0.0} %";
}
