using System.Globalization;
using Distill.Eval;

namespace Distill.Pipelines.Report;

/// <summary>What quantised files lost over their size: divergence on every text and pass@1 on every suite, one inline SVG each.</summary>
internal static class QuantizationChart
{
    private const double Width = 880, Height = 280, Left = 64, Right = 110, Top = 44, Bottom = 36;
    private const double LeastDivergence = 1e-7; // a file of the same weights has none, and a logarithm needs some

    public static Html Render(QuantizationData measured)
    {
        QuantizationScore[] files = [.. measured.Files.OrderBy(file => file.Bytes)];
        if (files.Length < 2) return Html.Empty;
        IEnumerable<Html> divergences = files[0].Texts.Select((text, i) => Divergence(files, text.Name, i));
        IEnumerable<Html> rates = files[0].Suites.Select((suite, i) => Rate(files, measured.Reference.FirstOrDefault(reference => reference.Suite == suite.Suite), i));
        return Html.Join(divergences.Concat(rates));
    }

    private static Html Divergence(QuantizationScore[] files, string text, int index)
    {
        double[] values = [.. files.Select(file => Math.Log10(Math.Max(file.Texts[index].Divergence, LeastDivergence)))];
        (double low, double high) = (Math.Floor(values.Min()), Math.Ceiling(values.Max()));
        if (high <= low) high = low + 1;
        IEnumerable<(double, string)> ticks = Enumerable.Range((int)low, (int)(high - low) + 1).Select(power => ((double)power, power >= -3 ? Plain(Math.Pow(10, power)) : $"1e{power}"));
        return Curve($"divergence on {text} by size", $"divergence on {text}, nats", files, values, [.. values.Select(value => (value, value))], low, high, ticks, null);
    }

    private static Html Rate(QuantizationScore[] files, SuiteScore? reference, int index)
    {
        PassRate[] rates = [.. files.Select(file => file.Suites[index].PassAt1)];
        double low = Math.Floor(10 * rates.Min(rate => rate.Low)) / 10, high = Math.Ceiling(10 * Math.Max(rates.Max(rate => rate.High), reference?.PassAt1.Value ?? 0)) / 10;
        if (high <= low) high = low + 0.1;
        IEnumerable<(double, string)> ticks = Enumerable.Range(0, 5).Select(i => low + (i * (high - low) / 4)).Select(value => (value, Figure.Percent(value)));
        string suite = files[0].Suites[index].Suite;
        return Curve($"pass@1 on {suite} by size", $"pass@1 on {suite}", files, [.. rates.Select(rate => rate.Value)], [.. rates.Select(rate => (rate.Low, rate.High))], low, high, ticks, reference?.PassAt1.Value);
    }

    private static Html Curve(string label, string title, QuantizationScore[] files, double[] values, (double Low, double High)[] intervals,
        double low, double high, IEnumerable<(double Value, string Text)> ticks, double? reference)
    {
        double smallest = files[0].Bytes, largest = Math.Max(files[^1].Bytes, smallest + 1);
        double X(double bytes) => Left + ((bytes - smallest) / (largest - smallest) * (Width - Left - Right));
        double Y(double value) => Top + ((high - value) / (high - low) * (Height - Top - Bottom));
        Html dashed = reference is { } level ? Html.Of($"""<line class="grid level" x1="{Left:0}" x2="{Width - Right:0}" y1="{Y(level):0.#}" y2="{Y(level):0.#}"/>""") : Html.Empty;
        return Html.Of($"""
            <figure class="artifact"><svg viewBox="0 0 {Width:0} {Height:0}" role="img" aria-label="{label}"><text class="tick" x="{Left:0}" y="14">{title}</text>
            {ticks.Select(tick => Html.Of($"""<line class="grid" x1="{Left:0}" x2="{Width - Right:0}" y1="{Y(tick.Value):0.#}" y2="{Y(tick.Value):0.#}"/><text class="tick" x="{Left - 8:0}" y="{Y(tick.Value) + 4:0.#}" text-anchor="end">{tick.Text}</text>"""))}
            {dashed}
            <polyline class="line" points="{string.Join(' ', files.Select((file, i) => string.Create(CultureInfo.InvariantCulture, $"{X(file.Bytes):0.#},{Y(values[i]):0.#}")))}"/>
            {files.Select((file, i) => Html.Of($"""<line class="line" x1="{X(file.Bytes):0.#}" x2="{X(file.Bytes):0.#}" y1="{Y(intervals[i].High):0.#}" y2="{Y(intervals[i].Low):0.#}"/><circle class="dot" cx="{X(file.Bytes):0.#}" cy="{Y(values[i]):0.#}" r="4"/>"""))}
            {Names(files, X, file => Y(values[file]))}
            <text class="tick" x="{Left:0}" y="{Height - 10:0}">{Figure.Bytes(files[0].Bytes)}</text><text class="tick" x="{Width - Right:0}" y="{Height - 10:0}" text-anchor="end">{Figure.Bytes(files[^1].Bytes)}</text>
            </svg></figure>
            """);
    }

    // A name stands right of its point, or a line higher where the one before is in its way.
    private static IEnumerable<Html> Names(QuantizationScore[] files, Func<double, double> x, Func<int, double> y)
    {
        var taken = new List<(double X, double Y)>();
        for (int i = 0; i < files.Length; i++)
        {
            double left = x(files[i].Bytes) + 8, top = y(i) - 6;
            while (taken.Any(other => Math.Abs(other.X - left) < 70 && Math.Abs(other.Y - top) < 13)) top -= 13;
            taken.Add((left, top));
            yield return Html.Of($"""<text class="label" x="{left:0.#}" y="{top:0.#}">{TypeOf(files[i].File)}</text>""");
        }
    }

    /// <summary>The type that the name of a file ends with; the name itself where it has no such end.</summary>
    public static string TypeOf(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        int of = name.IndexOf("-00001-of-", StringComparison.Ordinal);
        if (of > 0) name = name[..of];
        return name[(name.LastIndexOf('-') + 1)..];
    }

    private static string Plain(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
