using System.Globalization;

namespace Distill.Pipelines.Report;

/// <summary>pass@1 over steps for every training that was measured on a suite, as one inline SVG.</summary>
internal static class PassRateChart
{
    private const double Width = 880, Height = 220, Left = 52, Right = 150, Top = 14, Bottom = 34;

    public static Html Render(IReadOnlyList<LossCurve> curves)
    {
        LossCurve[] drawn = [.. curves.Where(curve => curve.PassRates.Count > 0)];
        if (drawn.Length == 0) return Html.Empty;
        double lastStep = drawn.Max(curve => curve.PassRates[^1].Step);
        double X(double step) => Left + (step / lastStep * (Width - Left - Right));
        double Y(double rate) => Top + ((1 - rate) * (Height - Top - Bottom));
        string Points(LossCurve curve) => string.Join(' ', curve.PassRates.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Step):0.#},{Y(point.Rate):0.#}")));
        return Html.Of($"""
            <figure><svg viewBox="0 0 {Width:0} {Height:0}" role="img" aria-label="pass@1 by step">
            {new[] { 0, 0.25, 0.5, 0.75, 1 }.Select(rate => Html.Of($"""<line class="grid" x1="{Left:0}" x2="{Width - Right:0}" y1="{Y(rate):0.#}" y2="{Y(rate):0.#}"/><text class="tick" x="{Left - 8:0}" y="{Y(rate) + 4:0.#}" text-anchor="end">{Figure.Percent(rate)}</text>"""))}
            {drawn[0].PassRates.Where((_, i) => i % Math.Max(1, drawn[0].PassRates.Count / 8) == 0).Select(point => Html.Of($"""<text class="tick" x="{X(point.Step):0.#}" y="{Height - 12:0}" text-anchor="middle">{Figure.Count((long)point.Step)}</text>"""))}
            {drawn.Select(curve => Html.Of($"""<polyline class="line {ScoreChart.ClassOf(curve.Role)}" points="{Points(curve)}"/><text class="label {ScoreChart.ClassOf(curve.Role)}" x="{X(lastStep) + 8:0.#}" y="{Y(curve.PassRates[^1].Rate) + 4:0.#}">{curve.Stage} {Figure.Percent(curve.PassRates[^1].Rate)}</text>"""))}
            </svg></figure>
            """);
    }
}
