namespace Distill.Eval;

/// <summary>The measured files as a table, for the terminal and for <c>eval.md</c>.</summary>
internal static class QuantizationTable
{
    /// <summary>The lines of a Markdown table, largest file first.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<QuantizationScore> files)
    {
        if (files.Count == 0) yield break;
        string[] header =
        [
            "file", "MB", "bits",
            .. files[0].Texts.SelectMany(text => new[] { $"{text.Name}: perplexity", "KL", "99.9 %", "max", "same top" }),
            .. files[0].Suites.SelectMany(suite => new[] { $"{suite.Suite}: pass@1", "truncated" }),
        ];
        string[][] rows = [.. files.OrderByDescending(file => file.Bytes).Select(Row)];
        int[] widths = [.. header.Select((title, column) => rows.Max(row => row[column].Length) is var widest && widest > title.Length ? widest : title.Length)];
        yield return Line(header);
        yield return $"|{string.Join('|', widths.Select(width => new string('-', width + 2)))}|";
        foreach (string[] row in rows) yield return Line(row);

        string Line(string[] cells) => $"| {string.Join(" | ", cells.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])))} |";
    }

    private static string[] Row(QuantizationScore file) =>
    [
        file.File, $"{file.Bytes / 1e6:0.0}", $"{file.BitsPerWeight:0.00}",
        .. file.Texts.SelectMany(text => new[]
        {
            $"{text.Perplexity:0.0000} (×{text.Perplexity / text.ReferencePerplexity:0.0000})", $"{text.Divergence:0.00000} ± {text.DivergenceStandardError:0.00000}",
            $"{text.Divergence999:0.000}", $"{text.DivergenceMax:0.000}", $"{100 * text.SameTop:0.00} ± {100 * text.SameTopStandardError:0.00} %",
        }),
        .. file.Suites.SelectMany(suite => new[]
        {
            $"{100 * suite.PassAt1.Value:0.0} % ({100 * suite.PassAt1.Low:0.0} to {100 * suite.PassAt1.High:0.0})", $"{100 * suite.TruncationRate:0.0} %",
        }),
    ];
}
