using System.Numerics;
using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>
/// Brings expressions to normal form: a quotient of polynomials in generators. Radicals of rational numbers, i, exact values of
/// trigonometric functions, powers and logarithms come apart into independent generators; what cannot be taken apart is a
/// generator of its own, named by the normal form of its arguments. Equal normal forms are equal values.
/// </summary>
/// <remarks>Variables are taken to be positive where a power law needs it; points elsewhere are the business of <see cref="ScalarEquivalence"/>.</remarks>
internal sealed partial class NormalForm(WorkBudget budget, Node logarithmBase)
{
    private const int LargestExpansion = 64;

    private readonly Dictionary<Node, RationalFunction?> _known = new(ReferenceEqualityComparer.Instance);

    public GeneratorTable Generators { get; } = new(budget);

    /// <summary>What a logarithm without a base is taken to.</summary>
    public Node LogarithmBase => logarithmBase;

    /// <summary>The normal form, or null when the expression has no value (a division by 0) or is none.</summary>
    /// <exception cref="WorkExceededException">The normal form would be too large.</exception>
    public RationalFunction? Of(Node node)
    {
        if (_known.TryGetValue(node, out RationalFunction? known)) return known;
        budget.Charge(20);
        return _known[node] = Make(node);
    }

    private RationalFunction? Make(Node node) => node switch
    {
        NumberNode number => RationalFunction.Of(number.Value),
        BaseNumeralNode numeral => RationalFunction.Of(new BigRational(numeral.Value)),
        SymbolNode { Name: "i" } => RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Imaginary(), 1), 1)),
        SymbolNode symbol => RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Symbol(symbol.Name), 1), 1)),
        NegativeNode negative => Of(negative.Operand) is { } operand ? operand with { Numerator = operand.Numerator.Scale(-1) } : null,
        SumNode sum => Fold(sum.Terms, Add),
        ProductNode product => Fold(product.Factors, Multiply),
        QuotientNode quotient => Of(quotient.Numerator) is { } top && Of(quotient.Denominator) is { } bottom ? Divide(top, bottom) : null,
        PowerNode power => Power(power),
        PercentNode percent => Of(percent.Operand) is { } value ? Multiply(value, RationalFunction.Of(new BigRational(1, 100))) : null,
        DegreeNode degree => Of(degree.Operand) is { } value ? Multiply(value, Pi(new BigRational(1, 180))) : null,
        CallNode call => Call(call),
        BoundNode bound => Bound(bound),
        _ => null,
    };

    private RationalFunction? Fold(IReadOnlyList<Node> nodes, Func<RationalFunction, RationalFunction, RationalFunction?> combine)
    {
        RationalFunction? result = Of(nodes[0]);
        for (int i = 1; i < nodes.Count && result is not null; i++)
            result = Of(nodes[i]) is { } next ? combine(result, next) : null;
        return result;
    }

    public RationalFunction Add(RationalFunction a, RationalFunction b)
    {
        if (a.IsPolynomial && b.IsPolynomial) return RationalFunction.Of(Polynomial.Sum(a.Numerator, b.Numerator, budget));
        if (ReferenceEquals(a.Denominator, b.Denominator)) return a with { Numerator = Polynomial.Sum(a.Numerator, b.Numerator, budget) };
        return new RationalFunction(Polynomial.Sum(Generators.Multiply(a.Numerator, b.Denominator), Generators.Multiply(b.Numerator, a.Denominator), budget),
            Generators.Multiply(a.Denominator, b.Denominator));
    }

    public RationalFunction Multiply(RationalFunction a, RationalFunction b) => new(Generators.Multiply(a.Numerator, b.Numerator),
        a.IsPolynomial ? b.Denominator : b.IsPolynomial ? a.Denominator : Generators.Multiply(a.Denominator, b.Denominator));

    public RationalFunction? Divide(RationalFunction a, RationalFunction b)
    {
        if (b.Numerator.IsZero) return null;
        Polynomial top = b.IsPolynomial ? a.Numerator : Generators.Multiply(a.Numerator, b.Denominator);
        if (b.Numerator.Single is not { } term)
            return new RationalFunction(top, a.IsPolynomial ? b.Numerator : Generators.Multiply(a.Denominator, b.Numerator));
        Polynomial inverse = Generators.Reduce(Polynomial.Of(term.Monomial.Power(-1), 1 / term.Coefficient));
        return a with { Numerator = Generators.Multiply(top, inverse) };
    }

    /// <summary>Zero exactly when the two are the same function.</summary>
    public Polynomial Difference(RationalFunction a, RationalFunction b) => Polynomial.Sum(
        b.IsPolynomial ? a.Numerator : Generators.Multiply(a.Numerator, b.Denominator),
        (a.IsPolynomial ? b.Numerator : Generators.Multiply(b.Numerator, a.Denominator)).Scale(-1), budget);

    /// <summary>The rational number that takes one numerator to the other, or null.</summary>
    public BigRational? FactorBetween(RationalFunction a, RationalFunction b, bool positive)
    {
        if (positive && !(a.IsPolynomial && b.IsPolynomial)) return null;
        Polynomial left = Whole(a.Numerator, positive), right = Whole(b.Numerator, positive);
        if (left.IsZero || right.IsZero || left.Terms.Count != right.Terms.Count) return null;
        (Monomial monomial, BigRational coefficient) = left.Terms.First();
        if (!right.Terms.TryGetValue(monomial, out BigRational other)) return null;
        BigRational factor = other / coefficient;
        return Polynomial.Sum(left.Scale(factor), right.Scale(-1), budget).IsZero ? factor : null;
    }

    // Without negative powers: y = 1/x is xy = 1.
    private static Polynomial Whole(Polynomial polynomial, bool keep)
    {
        if (keep) return polynomial;
        var least = new Dictionary<int, BigRational>();
        foreach (Monomial monomial in polynomial.Terms.Keys)
            foreach ((int id, BigRational exponent) in monomial.Powers)
                if (exponent.Sign < 0 && exponent < least.GetValueOrDefault(id)) least[id] = exponent;
        return least.Aggregate(polynomial, (current, pair) => current.Times(Monomial.Of(pair.Key, -pair.Value)));
    }

    private RationalFunction Pi(BigRational factor) => RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Symbol("pi"), 1), factor));

    private RationalFunction Opaque(string key) => RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Opaque(key), 1), 1));

    /// <summary>The canonical spelling of a normal form: the same for equal polynomials.</summary>
    public string Spell(RationalFunction value)
    {
        if (value.IsPolynomial) return Generators.Spell(value.Numerator);
        // The first coefficient of the denominator becomes 1.
        string first = value.Denominator.Terms.Keys.Select(Generators.Spell).Min(StringComparer.Ordinal)!;
        BigRational lead = value.Denominator.Terms.First(term => Generators.Spell(term.Key) == first).Value;
        return $"({Generators.Spell(value.Numerator.Scale(1 / lead))})/({Generators.Spell(value.Denominator.Scale(1 / lead))})";
    }

    private RationalFunction? Power(PowerNode power)
    {
        if (Of(power.Exponent) is not { } exponent) return null;
        if (power.Base is SymbolNode { Name: "e" }) return Exponential(exponent);
        if (Of(power.Base) is not { } @base) return null;
        return exponent.Constant is { } constant ? Power(@base, constant) : SymbolicPower(@base, exponent);
    }

    /// <summary>A power with a rational exponent.</summary>
    public RationalFunction? Power(RationalFunction @base, BigRational exponent)
    {
        if (exponent.IsZero) return RationalFunction.One;
        if (exponent.IsOne) return @base;
        if (@base.Numerator.IsZero) return exponent.Sign > 0 ? RationalFunction.Zero : null;
        if (!@base.IsPolynomial)
        {
            return Power(RationalFunction.Of(@base.Numerator), exponent) is { } top && Power(RationalFunction.Of(@base.Denominator), exponent) is { } bottom ? Divide(top, bottom) : null;
        }
        if (@base.Numerator.Single is { } term) return TermPower(term.Monomial, term.Coefficient, exponent);
        return PolynomialPower(@base.Numerator, exponent);
    }

    private RationalFunction? TermPower(Monomial monomial, BigRational coefficient, BigRational exponent)
    {
        if (exponent.IsInteger)
        {
            Polynomial power = Generators.Reduce(Polynomial.Of(monomial.Power(exponent), 1));
            return Multiply(RationalFunction.Of(power), RationalPower(coefficient, exponent));
        }
        foreach ((int id, BigRational e) in monomial.Powers)
        {
            GeneratorKind kind = Generators[id].Kind;
            if (kind == GeneratorKind.Prime || IsPositive(Generators[id])) continue;
            bool even = e.IsInteger && e.Numerator.IsEven && exponent.Denominator.IsEven;
            if (kind == GeneratorKind.Imaginary || even && !((e * exponent).IsInteger && (e * exponent).Numerator.IsEven)) return Radical(Polynomial.Of(monomial, coefficient), exponent);
        }
        Polynomial radical = Generators.Reduce(Polynomial.Of(monomial.Power(exponent), 1));
        return Multiply(RationalFunction.Of(radical), RationalPower(coefficient, exponent));
    }

    // Positive for certain, and no variable: powers multiply.
    private static bool IsPositive(Generator generator) => generator.Kind is GeneratorKind.Transcendental || generator.Key.StartsWith("exp(", StringComparison.Ordinal) || generator.Kind == GeneratorKind.Power && generator.Radicand!.Terms.Count == 0;

    // c^r, in radicals of primes; of a negative number the real root when the index is odd, else i times a root.
    private RationalFunction RationalPower(BigRational value, BigRational exponent)
    {
        if (value.IsOne) return RationalFunction.One;
        if (exponent.IsInteger && exponent.Abs() * (int)Math.Min(value.Bits, int.MaxValue) < (BigRational)(BigInteger)GeneratorTable.LongestPower) return RationalFunction.Of(value.Power((int)exponent.Numerator));
        Monomial monomial = Monomial.One;
        if (value.Sign < 0)
        {
            if (exponent.IsInteger || !exponent.Denominator.IsEven)
            {
                RationalFunction positive = RationalPower(-value, exponent);
                return exponent.Numerator.IsEven ? positive : positive with { Numerator = positive.Numerator.Scale(-1) };
            }
            if (exponent.Denominator != 2) return Opaque($"({value})^{exponent}");
            monomial = Monomial.Of(Generators.Imaginary(), exponent.Numerator);
            value = -value;
        }
        foreach ((BigInteger part, int sign) in (ReadOnlySpan<(BigInteger, int)>)[(value.Numerator, 1), (value.Denominator, -1)])
        {
            (List<(BigInteger Prime, int Exponent)> factors, _) = PrimeFactors.Of(part, budget);
            foreach ((BigInteger prime, int e) in factors) monomial *= Monomial.Of(Generators.Prime(prime), exponent * (sign * e));
        }
        return RationalFunction.Of(Generators.Reduce(Polynomial.Of(monomial, 1)));
    }

    private RationalFunction? PolynomialPower(Polynomial @base, BigRational exponent)
    {
        if (exponent.IsInteger && exponent.Abs() <= LargestExpansion && Expands(@base.Terms.Count, (int)exponent.Abs().Numerator))
        {
            Polynomial power = Generators.Power(@base, (int)exponent.Abs().Numerator);
            return exponent.Sign > 0 ? RationalFunction.Of(power) : Divide(RationalFunction.One, RationalFunction.Of(power));
        }
        return Radical(@base, exponent);
    }

    private static bool Expands(int terms, int exponent)
    {
        double size = 1;
        for (int i = 1; i <= exponent && size < 1e6; i++) size = size * (terms - 1 + i) / i;
        return size <= Polynomial.MostTerms;
    }

    // A power that stays one. The content comes out: √(8x+4) = 2√(2x+1).
    private RationalFunction? Radical(Polynomial radicand, BigRational exponent)
    {
        if (exponent == BigRational.Half && Denested(radicand) is { } denested) return denested;
        BigInteger common = 0, denominators = 1;
        foreach (BigRational coefficient in radicand.Terms.Values)
        {
            common = BigInteger.GreatestCommonDivisor(common, coefficient.Numerator);
            denominators = denominators / BigInteger.GreatestCommonDivisor(denominators, coefficient.Denominator) * coefficient.Denominator;
        }
        var content = new BigRational(common, denominators);
        Polynomial primitive = radicand.Scale(1 / content);
        int id = Generators.Add(new Generator(GeneratorKind.Power, $"({Generators.Spell(primitive)})", Radicand: primitive));
        return Multiply(RationalPower(content, exponent), RationalFunction.Of(Generators.Reduce(Polynomial.Of(Monomial.Of(id, exponent), 1))));
    }

    // √(a + b√c) = √((a+d)/2) ± √((a-d)/2) where d² = a² - b²c is a square.
    private RationalFunction? Denested(Polynomial radicand)
    {
        if (radicand.Terms.Count != 2 || !radicand.Terms.TryGetValue(Monomial.One, out BigRational a) || a.Sign <= 0) return null;
        (Monomial root, BigRational b) = radicand.Terms.First(term => !term.Key.IsOne);
        BigRational c = 1;
        foreach ((int id, BigRational exponent) in root.Powers)
        {
            if (Generators[id].Kind != GeneratorKind.Prime || exponent != BigRational.Half) return null;
            c *= Generators[id].Prime;
        }
        if (SquareRoot(a * a - b * b * c) is not { } d) return null;
        RationalFunction larger = RationalPower((a + d) / 2, BigRational.Half), smaller = (a - d).IsZero ? RationalFunction.Zero : RationalPower((a - d) / 2, BigRational.Half);
        return Add(larger, b.Sign > 0 ? smaller : smaller with { Numerator = smaller.Numerator.Scale(-1) });
    }

    private BigRational? SquareRoot(BigRational value)
    {
        if (value.Sign < 0) return null;
        BigInteger top = IntegerRoot.Of(value.Numerator, 2, budget), bottom = IntegerRoot.Of(value.Denominator, 2, budget);
        return top * top == value.Numerator && bottom * bottom == value.Denominator ? new BigRational(top, bottom) : null;
    }
}
