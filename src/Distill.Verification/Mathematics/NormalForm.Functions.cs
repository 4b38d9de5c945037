using System.Numerics;
using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

internal sealed partial class NormalForm
{
    private const int LargestFactorial = 2500;

    private RationalFunction? Call(CallNode call)
    {
        IReadOnlyList<Node> arguments = call.Arguments;
        switch (call.Name)
        {
            case "root": return Of(arguments[0]) is { } radicand && Of(arguments[1]) is { } index ? Root(radicand, index) : null;
            case "log": return Logarithm(arguments[0], arguments[1]);
            case "sin" or "cos" or "tan" or "cot" or "sec" or "csc": return Of(arguments[0]) is { } angle ? Trigonometric(call.Name, angle) : null;
            case "sinh" or "cosh" or "tanh" or "coth" or "sech" or "csch": return Of(arguments[0]) is { } x ? Hyperbolic(call.Name, x) : null;
            case ['@', 'd', '/', 'd', ..] when Of(arguments[0]) is { IsPolynomial: true } form && Derivative(form.Numerator, call.Name[4..]) is { } slope: return slope;
            case "det": return arguments[0] is MatrixNode matrix ? Determinant(matrix.Rows) : null;
        }
        var values = new RationalFunction[arguments.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (Of(arguments[i]) is not { } value) return null;
            values[i] = value;
        }
        return Exact(call.Name, values) ?? Opaque($"{call.Name}({string.Join(',', values.Select(Spell))})");
    }

    private RationalFunction? Root(RationalFunction radicand, RationalFunction index)
    {
        if (index.Constant is { } constant) return constant.IsZero ? null : Power(radicand, 1 / constant);
        return Divide(RationalFunction.One, index) is { } exponent ? SymbolicPower(radicand, exponent) : null;
    }

    private RationalFunction? Exact(string name, RationalFunction[] values)
    {
        if (name == "factorial") return Factorial(values[0]);
        if (name == "binomial" && values.Length == 2) return Binomial(values[0], values[1]);
        if (name == "bar") return Conjugate(values[0]);
        if (name == "abs" && values[0].Constant is null) return AbsoluteValue(values[0]);
        if (!Array.TrueForAll(values, value => value.Constant is not null)) return null;
        BigRational[] numbers = Array.ConvertAll(values, value => value.Constant!.Value);
        BigRational a = numbers[0];
        switch (name)
        {
            case "abs": return RationalFunction.Of(a.Abs());
            case "floor": return RationalFunction.Of(new BigRational(a.Floor()));
            case "ceil": return RationalFunction.Of(new BigRational(-(-a).Floor()));
            case "sgn": return RationalFunction.Of(a.Sign);
            case "max": return RationalFunction.Of(numbers.Max());
            case "min": return RationalFunction.Of(numbers.Min());
            case "gcd" when Array.TrueForAll(numbers, n => n.IsInteger):
                return RationalFunction.Of(new BigRational(numbers.Aggregate(BigInteger.Zero, (all, n) => BigInteger.GreatestCommonDivisor(all, n.Numerator))));
            case "lcm" when Array.TrueForAll(numbers, n => n is { IsInteger: true, IsZero: false }) && numbers.Sum(n => n.Bits) < Polynomial.LongestCoefficient:
                return RationalFunction.Of(new BigRational(numbers.Aggregate(BigInteger.One, (all, n) => all / BigInteger.GreatestCommonDivisor(all, n.Numerator) * BigInteger.Abs(n.Numerator))));
            default: return null;
        }
    }

    private RationalFunction? Factorial(RationalFunction n)
    {
        if (n.Constant is { } constant)
        {
            if (!constant.IsInteger || constant.Sign < 0) return null;
            if (constant.Numerator > LargestFactorial) return null;
            return RationalFunction.Of(new BigRational(Product(1, (int)constant.Numerator)));
        }
        // (n+2)! = (n+2)(n+1)n!
        if (!n.IsPolynomial || !n.Numerator.Terms.TryGetValue(Monomial.One, out BigRational shift) || !shift.IsInteger || shift.Abs() > 16) return null;
        Polynomial start = Polynomial.Sum(n.Numerator, Polynomial.Of(-shift), budget);
        RationalFunction? result = Opaque($"factorial({Generators.Spell(start)})");
        for (int i = 1; i <= (int)shift.Numerator; i++) result = Multiply(result, RationalFunction.Of(Polynomial.Sum(start, Polynomial.Of(i), budget)));
        for (int i = 0; i > (int)shift.Numerator && result is not null; i--) result = Divide(result, RationalFunction.Of(Polynomial.Sum(start, Polynomial.Of(i), budget)));
        return result;
    }

    // The product of the integers from first to last, halved again and again to keep the factors of like length.
    private BigInteger Product(int first, int last)
    {
        if (last < first) return 1;
        if (last - first < 8)
        {
            BigInteger product = first;
            for (int i = first + 1; i <= last; i++) product *= i;
            budget.Charge(last - first + 1);
            return product;
        }
        int middle = (first + last) / 2;
        BigInteger left = Product(first, middle), right = Product(middle + 1, last);
        budget.ChargeProduct(left.GetBitLength(), right.GetBitLength());
        return left * right;
    }

    private RationalFunction? Binomial(RationalFunction n, RationalFunction k)
    {
        if (k.Constant is { IsInteger: true } chosen)
        {
            if (chosen.Sign < 0) return RationalFunction.Zero;
            if (n.Constant is { IsInteger: true, Sign: >= 0 } total && chosen * 2 > total) chosen = total - chosen;
            if (chosen.Sign < 0) return RationalFunction.Zero;
            if (chosen > (n.Constant is null ? 8 : 2000)) return null;
            RationalFunction? result = RationalFunction.One;
            for (int i = 0; i < (int)chosen.Numerator && result is not null; i++)
                result = Divide(Multiply(result, Add(n, RationalFunction.Of(-i))), RationalFunction.Of(i + 1));
            return result;
        }
        if (Factorial(k) is not { } kFactorial || Factorial(n) is not { } nFactorial) return null;
        RationalFunction rest = Add(n, k with { Numerator = k.Numerator.Scale(-1) });
        return (Factorial(rest) ?? Opaque($"factorial({Spell(rest)})") ) is { } restFactorial && Divide(nFactorial, kFactorial) is { } quotient ? Divide(quotient, restFactorial) : null;
    }

    private RationalFunction? Conjugate(RationalFunction value)
    {
        int imaginary = Generators.Imaginary();
        if (!value.IsPolynomial || !Generators.AreIndependent(value.Numerator) || value.Numerator.Terms.Keys.Any(m => m.Powers.ToArray().Any(p => Generators[p.Generator].Kind == GeneratorKind.Symbol))) return null;
        return RationalFunction.Of(Polynomial.FromTerms(value.Numerator.Terms.ToDictionary(term => term.Key, term => term.Key.ExponentOf(imaginary).IsZero ? term.Value : -term.Value)));
    }

    // |−x| = |x|, |2x| = 2|x|, |a+bi| = √(a²+b²)
    private RationalFunction? AbsoluteValue(RationalFunction value)
    {
        if (!value.IsPolynomial) return null;
        if (Conjugate(value) is { } conjugate && !ReferenceEquals(conjugate.Numerator, value.Numerator) && value.Numerator.Terms.Keys.Any(m => !m.ExponentOf(Generators.Imaginary()).IsZero))
            return Power(Multiply(value, conjugate), BigRational.Half);
        string first = value.Numerator.Terms.Keys.Select(Generators.Spell).Max(StringComparer.Ordinal)!;
        BigRational lead = value.Numerator.Terms.First(term => Generators.Spell(term.Key) == first).Value;
        RationalFunction inner = Opaque($"abs({Generators.Spell(value.Numerator.Scale(1 / lead))})");
        return inner with { Numerator = inner.Numerator.Scale(lead.Abs()) };
    }

    private RationalFunction? Determinant(Node[][] rows)
    {
        int n = rows.Length;
        if (n > 4 || rows[0].Length != n) return null;
        var cells = new RationalFunction[n][];
        for (int i = 0; i < n; i++)
        {
            cells[i] = new RationalFunction[n];
            for (int j = 0; j < n; j++)
            {
                if (Of(rows[i][j]) is not { } cell) return null;
                cells[i][j] = cell;
            }
        }
        return Determinant(cells);
    }

    private RationalFunction Determinant(RationalFunction[][] cells)
    {
        if (cells.Length == 1) return cells[0][0];
        RationalFunction sum = RationalFunction.Zero;
        for (int j = 0; j < cells.Length; j++)
        {
            int column = j;
            RationalFunction[][] minor = [.. cells.Skip(1).Select(row => row.Where((_, k) => k != column).ToArray())];
            RationalFunction term = Multiply(cells[0][j], Determinant(minor));
            sum = Add(sum, j % 2 == 0 ? term : term with { Numerator = term.Numerator.Scale(-1) });
        }
        return sum;
    }

    private RationalFunction? Bound(BoundNode bound)
    {
        if ((Integral(bound) ?? Series(bound) ?? Limit.Of(bound, this)) is { } value) return value;
        string from = bound.From is null ? "" : Of(bound.From) is { } lower ? Spell(lower) : "?";
        string to = bound.To is null ? "" : Of(bound.To) is { } upper ? Spell(upper) : "?";
        return Of(bound.Body) is { } body && from != "?" && to != "?" ? Opaque($"{bound.Name} {bound.Variable} {from} {to} {Spell(body)}") : null;
    }
}
