using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>
/// The limit of an expression, from its power series about the point: in h for x = a + h, for x = 1/h at infinity. Knows the rational operations,
/// powers, roots, e^x, logarithms and sines; anything else, and what has no limit, is null.
/// </summary>
internal sealed class Limit
{
    private const int Terms = 8;

    private readonly NormalForm _forms;
    private readonly string _variable;
    private readonly LaurentSeries _argument;

    // At infinity h is positive, and roots of its powers are powers.
    private readonly bool _positive;

    private Limit(NormalForm forms, string variable, LaurentSeries argument, bool positive) => (_forms, _variable, _argument, _positive) = (forms, variable, argument, positive);

    /// <summary>The value of a limit, or null.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="forms">Makes the normal forms of its parts.</param>
    public static RationalFunction? Of(BoundNode limit, NormalForm forms)
    {
        if (limit is not { Name: "lim", From: { } point, To: null }) return null;
        (int sign, Node plain) = point is NegativeNode negative ? (-1, negative.Operand) : (1, point);
        LaurentSeries? argument = plain is SymbolNode { Name: "infinity" } ? Padded(-1, RationalFunction.Of(sign))
            : !SymbolUse.Of(point).Names.Contains("infinity") && forms.Of(point) is { } at ? Padded(0, at, RationalFunction.One) : null;
        if (argument is null) return null;
        LaurentSeries? series = new Limit(forms, limit.Variable, argument, positive: argument.Order < 0).Of(limit.Body);
        return series?.FromConstant()?.Terms[0];
    }

    private static LaurentSeries Padded(int order, params RationalFunction[] terms) => new(order, [.. terms, .. Enumerable.Repeat(RationalFunction.Zero, Terms - terms.Length)]);

    private LaurentSeries? Of(Node node)
    {
        SymbolUse symbols = SymbolUse.Of(node);
        if (symbols.Names.Contains("infinity") || symbols.Names.Contains("…")) return null;
        if (!symbols.Names.Contains(_variable)) return _forms.Of(node) is { } constant ? Padded(0, constant) : null;
        return node switch
        {
            SymbolNode => _argument,
            NegativeNode negative => Times(Of(negative.Operand), Padded(0, RationalFunction.Of(-1))),
            SumNode sum => sum.Terms.Select(Of).Aggregate((a, b) => a is null || b is null ? null : LaurentSeries.Sum(a, b, _forms)),
            ProductNode product => product.Factors.Select(Of).Aggregate(Times),
            QuotientNode quotient => Times(Of(quotient.Numerator), Power(Of(quotient.Denominator), -1)),
            PowerNode { Base: SymbolNode { Name: "e" } } power => Exponential(Of(power.Exponent)),
            PowerNode power => Constant(power.Exponent) is { } exponent ? Power(Of(power.Base), exponent) : Exponential(Times(Of(power.Exponent), Logarithm(Of(power.Base)))),
            CallNode { Name: "root" } root => Constant(root.Arguments[1]) is { IsZero: false } index ? Power(Of(root.Arguments[0]), 1 / index) : null,
            CallNode { Name: "log", Arguments: [{ } value, SymbolNode { Name: "e" }] } => Logarithm(Of(value)),
            CallNode { Name: "sin" } call => SineAndCosine(Of(call.Arguments[0]))?.Sine,
            CallNode { Name: "cos" } call => SineAndCosine(Of(call.Arguments[0]))?.Cosine,
            CallNode { Name: "tan" } call => SineAndCosine(Of(call.Arguments[0])) is var (sine, cosine) ? Times(sine, Power(cosine, -1)) : null,
            _ => null,
        };
    }

    private BigRational? Constant(Node node) => SymbolUse.Of(node).Names.Contains(_variable) ? null : _forms.Of(node)?.Constant;

    private LaurentSeries? Times(LaurentSeries? a, LaurentSeries? b) => a is null || b is null ? null : LaurentSeries.Product(a, b, _forms);

    private static RationalFunction Scaled(RationalFunction value, BigRational factor) => value with { Numerator = value.Numerator.Scale(factor) };

    // J. C. P. Miller's recurrence: k·c₀·pₖ = Σ (r·j - k + j)·cⱼ·pₖ₋ⱼ.
    private LaurentSeries? Power(LaurentSeries? of, BigRational r)
    {
        if (of?.Stripped() is not { } series || !(r * series.Order).IsInteger || (r * series.Order).Abs() > 64 || !r.IsInteger && series.Order != 0 && !_positive) return null;
        if (!r.IsInteger && series.Terms[0].Constant is { Sign: < 0 } || _forms.Power(series.Terms[0], r) is not { } first) return null;
        var terms = new RationalFunction[series.Terms.Length];
        terms[0] = first;
        for (int k = 1; k < terms.Length; k++)
        {
            RationalFunction sum = RationalFunction.Zero;
            for (int j = 1; j <= k; j++) sum = _forms.Add(sum, Scaled(_forms.Multiply(series.Terms[j], terms[k - j]), (r + 1) * j - k));
            if (_forms.Divide(Scaled(sum, new BigRational(1, k)), series.Terms[0]) is not { } term) return null;
            terms[k] = term;
        }
        return new LaurentSeries((int)(r * series.Order).Numerator, terms);
    }

    // s′ = u′·s
    private LaurentSeries? Exponential(LaurentSeries? of)
    {
        if (of?.FromConstant() is not { } u || _forms.Exponential(u.Terms[0]) is not { } first) return null;
        var terms = new RationalFunction[u.Terms.Length];
        terms[0] = first;
        for (int k = 1; k < terms.Length; k++) terms[k] = Derived(u, terms, k);
        return new LaurentSeries(0, terms);
    }

    // Σ j·uⱼ·sₖ₋ⱼ / k
    private RationalFunction Derived(LaurentSeries u, RationalFunction[] s, int k)
    {
        RationalFunction sum = RationalFunction.Zero;
        for (int j = 1; j <= k; j++) sum = _forms.Add(sum, Scaled(_forms.Multiply(u.Terms[j], s[k - j]), new BigRational(j, k)));
        return sum;
    }

    // l′ = u′/u
    private LaurentSeries? Logarithm(LaurentSeries? of)
    {
        if (of?.Stripped() is not { Order: 0 } u || u.Terms[0].Constant is { Sign: <= 0 } || _forms.NaturalLogarithm(u.Terms[0]) is not { } first) return null;
        var terms = new RationalFunction[u.Terms.Length];
        terms[0] = first;
        for (int k = 1; k < terms.Length; k++)
        {
            RationalFunction sum = u.Terms[k];
            for (int j = 1; j < k; j++) sum = _forms.Add(sum, Scaled(_forms.Multiply(terms[j], u.Terms[k - j]), new BigRational(-j, k)));
            if (_forms.Divide(sum, u.Terms[0]) is not { } term) return null;
            terms[k] = term;
        }
        return new LaurentSeries(0, terms);
    }

    // s′ = u′·c, c′ = -u′·s
    private (LaurentSeries Sine, LaurentSeries Cosine)? SineAndCosine(LaurentSeries? of)
    {
        if (of?.FromConstant() is not { } u) return null;
        RationalFunction[] sine = new RationalFunction[u.Terms.Length], cosine = new RationalFunction[u.Terms.Length];
        (sine[0], cosine[0]) = _forms.SineAndCosine(u.Terms[0]);
        for (int k = 1; k < sine.Length; k++)
        {
            sine[k] = Derived(u, cosine, k);
            cosine[k] = Scaled(Derived(u, sine, k), -1);
        }
        return (new LaurentSeries(0, sine), new LaurentSeries(0, cosine));
    }
}
