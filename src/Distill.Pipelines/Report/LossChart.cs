using System.Globalization;

namespace Distill.Pipelines.Report;

/// <summary>Loss over steps for every training of the run, on a logarithmic scale, as one inline SVG.</summary>
internal static class LossChart
{
    private const double Width = 880, Height = 300, Left = 52, Right = 150, Top = 14, Bottom = 34;
    private const int Buckets = 240;

    public static Html Render(IReadOnlyList<LossCurve> curves)
    {
        LossCurve[] drawn = [.. curves.Where(curve => curve.Points.Count > 1)];
        if (drawn.Length == 0) return Html.Empty;
        (LossCurve Curve, List<(double Step, double Loss)> Points)[] lines = [.. drawn.Select(curve => (curve, Smooth(curve.Points)))];
        double lastStep = drawn.Max(curve => curve.Points[^1].Step);
        double low = Math.Log10(lines.Min(line => line.Points.Min(point => point.Loss)));
        double high = Math.Log10(lines.Max(line => line.Points.Max(point => point.Loss)));
        if (high - low < 0.2) (low, high) = (low - 0.1, high + 0.1);
        double X(double step) => Left + (step / lastStep * (Width - Left - Right));
        double Y(double loss) => Top + ((high - Math.Log10(loss)) / (high - low) * (Height - Top - Bottom));
        return Html.Of($"""
            <figure><svg viewBox="0 0 {Width:0} {Height:0}" role="img" aria-label="training loss by step">
            {LossTicks(low, high).Select(loss => Html.Of($"""<line class="grid" x1="{Left:0}" x2="{Width - Right:0}" y1="{Y(loss):0.#}" y2="{Y(loss):0.#}"/><text class="tick" x="{Left - 8:0}" y="{Y(loss) + 4:0.#}" text-anchor="end">{loss.ToString("0.###", CultureInfo.InvariantCulture)}</text>"""))}
            {StepTicks(lastStep).Select(step => Html.Of($"""<text class="tick" x="{X(step):0.#}" y="{Height - 12:0}" text-anchor="middle">{Figure.Count(step)}</text>"""))}
            {lines.Select(line => Html.Of($"""<polyline class="line {ScoreChart.ClassOf(line.Curve.Role)}" points="{string.Join(' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Step):0.#},{Y(point.Loss):0.#}")))}"/>"""))}
            {Labels(lines.Select(line => (line.Curve, Y(line.Points[^1].Loss), line.Points[^1].Loss)), X(lastStep))}
            </svg></figure>
            """);
    }

    // Mean loss of each of at most 240 spans of steps, with an exponential mean over them: a curve to read, not a cloud.
    internal static List<(double Step, double Loss)> Smooth(IReadOnlyList<(double Step, double Loss)> points)
    {
        int size = Math.Max(1, points.Count / Buckets);
        var smooth = new List<(double Step, double Loss)>();
        double mean = 0;
        foreach (var bucket in points.Where(point => double.IsFinite(point.Loss)).Chunk(size))
        {
            double loss = Math.Max(1e-4, bucket.Average(point => point.Loss));
            mean = smooth.Count == 0 ? loss : (0.6 * mean) + (0.4 * loss);
            smooth.Add((bucket[^1].Step, mean));
        }
        return smooth;
    }

    // Names at the ends of the lines, moved apart where they would overlap.
    private static IEnumerable<Html> Labels(IEnumerable<(LossCurve Curve, double Y, double Loss)> ends, double x)
    {
        double free = Top;
        foreach (var (curve, y, loss) in ends.OrderBy(end => end.Y))
        {
            double at = Math.Max(y + 4, free);
            free = at + 16;
            yield return Html.Of($"""<text class="label {ScoreChart.ClassOf(curve.Role)}" x="{x + 8:0.#}" y="{at:0.#}">{curve.Stage} {loss.ToString("0.000", CultureInfo.InvariantCulture)}</text>""");
        }
    }

    private static IEnumerable<double> LossTicks(double low, double high)
    {
        double[] mantissas = high - low > 2.5 ? [1] : [1, 2, 5];
        for (int power = (int)Math.Floor(low); power <= (int)Math.Ceiling(high); power++)
        {
            foreach (double mantissa in mantissas)
            {
                double loss = mantissa * Math.Pow(10, power);
                if (Math.Log10(loss) >= low && Math.Log10(loss) <= high) yield return loss;
            }
        }
    }

    private static IEnumerable<long> StepTicks(double lastStep)
    {
        double raw = lastStep / 6, power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, raw))));
        long every = (long)Math.Max(1, new[] { 1, 2, 5, 10 }.First(multiple => multiple * power >= raw) * power);
        for (long step = 0; step <= lastStep; step += every) yield return step;
    }
}
