using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Distill.Pipelines.Report;

/// <summary>
/// Finished markup. The only way to make it from text is <see cref="Of"/>, which escapes everything put into the holes of an
/// interpolated string; so no model output or file name can become markup.
/// </summary>
internal readonly record struct Html
{
    private readonly string? _markup;

    private Html(string markup) => _markup = markup;

    /// <summary>Nothing.</summary>
    public static Html Empty => default;

    /// <summary>Markup from a literal with holes; texts in holes are escaped, markup in holes is not.</summary>
    public static Html Of(HtmlInterpolation text) => new(text.ToString());

    /// <summary>One after the other.</summary>
    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part.ToString())));

    /// <summary>The markup.</summary>
    public override string ToString() => _markup ?? "";
}

/// <summary>Builds <see cref="Html"/> from an interpolated string.</summary>
[InterpolatedStringHandler]
internal readonly struct HtmlInterpolation(int literalLength, int holes)
{
    private readonly StringBuilder _text = new(literalLength + (holes * 16));

    public void AppendLiteral(string markup) => _text.Append(markup);

    public void AppendFormatted(Html markup) => _text.Append(markup.ToString());

    public void AppendFormatted(IEnumerable<Html> parts)
    {
        foreach (Html part in parts) _text.Append(part.ToString());
    }

    public void AppendFormatted(string? text) => _text.Append(WebUtility.HtmlEncode(Printable(text)));

    public void AppendFormatted<T>(T value, string? format = null)
        where T : IFormattable => AppendFormatted(value.ToString(format, CultureInfo.InvariantCulture));

    public override string ToString() => _text.ToString();

    // Control characters have no place in HTML; a model may well produce them.
    private static string? Printable(string? text) =>
        text is null || !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t')) ? text
        : string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c));
}
