using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

internal sealed partial class NormalForm
{
    // The integral of a sum of powers of its variable between two finite ends; null for every other one.
    private RationalFunction? Integral(BoundNode integral)
    {
        if (integral is not { Name: "int", From: { } from, To: { } to } || Integrand(integral.Body) is not ({ } integrand, { } variable)) return null;
        if (Of(integrand) is not { IsPolynomial: true } form || End(from) is not { } low || End(to) is not { } high) return null;
        int id = Generators.Symbol(variable);
        RationalFunction total = RationalFunction.Zero;
        foreach ((Monomial monomial, BigRational coefficient) in form.Numerator.Terms)
        {
            BigRational degree = monomial.ExponentOf(id) + 1;
            Monomial rest = monomial.Without(id);
            if (degree.Sign <= 0 || !IsFree(rest) || !degree.IsInteger && !(low.Constant is { Sign: >= 0 } && high.Constant is { Sign: >= 0 })) return null;
            if (Power(high, degree) is not { } above || (low.Numerator.IsZero ? low : Power(low, degree)) is not { } below) return null;
            RationalFunction difference = Add(above, below with { Numerator = below.Numerator.Scale(-1) });
            total = Add(total, Multiply(RationalFunction.Of(Polynomial.Of(rest, coefficient / degree)), difference));
        }
        return total;
    }

    // The sum of a geometric series to infinity; null for every other one.
    private RationalFunction? Series(BoundNode sum)
    {
        if (sum is not { Name: "sum", From: { } from, To: SymbolNode { Name: "infinity" } }) return null;
        RationalFunction? At(Node index) => Of(Rewriting.Of(sum.Body, part => part is SymbolNode symbol && symbol.Name == sum.Variable ? index : null));
        var variable = new SymbolNode(sum.Variable);
        if (At(from) is not { } first || Of(sum.Body) is not { } term || term.Numerator.IsZero || At(new SumNode([variable, new NumberNode(1)])) is not { } next) return null;
        if (Divide(next, term) is not { Constant: { } ratio } || ratio.Abs() >= 1) return null;
        return Divide(first, RationalFunction.Of(1 - ratio));
    }

    // The derivative of a sum of powers; null for every other one.
    private RationalFunction? Derivative(Polynomial polynomial, string variable)
    {
        int id = Generators.Symbol(variable);
        var terms = new Dictionary<Monomial, BigRational>();
        foreach ((Monomial monomial, BigRational coefficient) in polynomial.Terms)
        {
            BigRational degree = monomial.ExponentOf(id);
            if (!IsFree(monomial.Without(id))) return null;
            if (!degree.IsZero) Polynomial.Add(terms, monomial.Without(id) * Monomial.Of(id, degree - 1), coefficient * degree);
        }
        return RationalFunction.Of(Polynomial.FromTerms(terms));
    }

    private RationalFunction? End(Node node) => Of(node) is { } value && !SymbolUse.Of(node).Names.Contains("infinity") ? value : null;

    // Generators that cannot depend on the variable.
    private bool IsFree(Monomial monomial)
    {
        foreach ((int generator, _) in monomial.Powers)
            if (Generators[generator].Kind is not (GeneratorKind.Symbol or GeneratorKind.Prime or GeneratorKind.Transcendental)) return false;
        return true;
    }

    // What stands before dx, and x.
    private static (Node? Integrand, string? Variable) Integrand(Node body)
    {
        if (body is SumNode sum && Integrand(sum.Terms[^1]) is ({ } last, { } name)) return (new SumNode([.. sum.Terms.SkipLast(1), last]), name);
        if (body is not ProductNode { Factors: [.., SymbolNode { Name: "d" }, SymbolNode variable] factors }) return (null, null);
        Node[] before = [.. factors.SkipLast(2)];
        return (before.Length switch { 0 => new NumberNode(1), 1 => before[0], _ => new ProductNode(before) }, variable.Name);
    }
}
