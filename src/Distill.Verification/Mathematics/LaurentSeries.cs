namespace Distill.Verification.Mathematics;

/// <summary>
/// The first terms of a Laurent series, c₀·hᵐ + c₁·hᵐ⁺¹ + …, with as many terms as are known. All rules are exact: a term is known only where every
/// term that it is made of is.
/// </summary>
/// <param name="Order">The power m of the first term.</param>
/// <param name="Terms">The coefficients, at least one.</param>
internal sealed record LaurentSeries(int Order, RationalFunction[] Terms)
{
    private int End => Order + Terms.Length;

    /// <summary>The coefficient of a power below <see cref="End"/>.</summary>
    public RationalFunction At(int power) => power < Order ? RationalFunction.Zero : Terms[power - Order];

    /// <summary>The series without zeros at its beginning; null where nothing else is known.</summary>
    public LaurentSeries? Stripped()
    {
        int first = Array.FindIndex(Terms, term => !term.Numerator.IsZero);
        return first < 0 ? null : first == 0 ? this : new LaurentSeries(Order + first, Terms[first..]);
    }

    /// <summary>The same from the constant term on; null where lower powers have a coefficient or the constant term is not known.</summary>
    public LaurentSeries? FromConstant()
    {
        if (Stripped() is not { } series) return End > 0 ? new LaurentSeries(0, [.. Enumerable.Repeat(RationalFunction.Zero, End)]) : null;
        return series.Order < 0 ? null : new LaurentSeries(0, [.. Enumerable.Range(0, series.End).Select(series.At)]);
    }

    /// <summary>The sum; null where none of its terms is known.</summary>
    public static LaurentSeries? Sum(LaurentSeries a, LaurentSeries b, NormalForm forms)
    {
        int order = Math.Min(a.Order, b.Order), end = Math.Min(a.End, b.End);
        return end <= order ? null : new LaurentSeries(order, [.. Enumerable.Range(order, end - order).Select(power => forms.Add(a.At(power), b.At(power)))]);
    }

    /// <summary>The product.</summary>
    public static LaurentSeries Product(LaurentSeries a, LaurentSeries b, NormalForm forms)
    {
        var terms = new RationalFunction[Math.Min(a.Terms.Length, b.Terms.Length)];
        for (int k = 0; k < terms.Length; k++)
        {
            terms[k] = RationalFunction.Zero;
            for (int j = 0; j <= k; j++) terms[k] = forms.Add(terms[k], forms.Multiply(a.Terms[j], b.Terms[k - j]));
        }
        return new LaurentSeries(a.Order + b.Order, terms);
    }
}
