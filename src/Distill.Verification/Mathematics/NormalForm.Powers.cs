using System.Numerics;
using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

internal sealed partial class NormalForm
{
    /// <summary>A power of e: e^(a+b) is a product; e^(iπ/3) is a point of the unit circle.</summary>
    public RationalFunction? Exponential(RationalFunction exponent)
    {
        if (!exponent.IsPolynomial) return Opaque($"exp({Spell(exponent)})");
        RationalFunction? result = RationalFunction.One;
        int pi = Generators.Symbol("pi"), imaginary = Generators.Imaginary(), e = Generators.Symbol("e");
        Monomial half = Monomial.Of(pi, 1) * Monomial.Of(imaginary, 1);
        foreach ((Monomial monomial, BigRational coefficient) in exponent.Numerator.Terms)
        {
            RationalFunction? factor;
            if (monomial.IsOne) factor = RationalFunction.Of(Polynomial.Of(Monomial.Of(e, coefficient), 1));
            else if (monomial.Equals(half))
            {
                (RationalFunction sine, RationalFunction cosine) = AtTurn(coefficient);
                factor = Add(cosine, Multiply(sine, RationalFunction.Of(Polynomial.Of(Monomial.Of(imaginary, 1), 1))));
            }
            else if (LogarithmOf(monomial) is { } argument) factor = Power(RationalFunction.Of(argument), coefficient);
            else factor = RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Opaque($"exp({Generators.Spell(monomial)})"), coefficient), 1));
            result = factor is null ? null : Multiply(result!, factor);
            if (result is null) return null;
        }
        return result;
    }

    // e^(k ln p) is p^k.
    private Polynomial? LogarithmOf(Monomial monomial)
    {
        if (monomial.Powers.Length != 1 || !monomial.Powers[0].Exponent.IsOne) return null;
        Generator generator = Generators[monomial.Powers[0].Generator];
        return generator.Key.StartsWith("ln(", StringComparison.Ordinal) ? generator.Radicand : null;
    }

    // 2^(n+1) = 2·2^n, for positive numbers, variables, and (-1)^n.
    private RationalFunction? SymbolicPower(RationalFunction @base, RationalFunction exponent)
    {
        if (!exponent.IsPolynomial || @base.Numerator.Single is not { } term || !@base.IsPolynomial) return Opaque($"({Spell(@base)})^({Spell(exponent)})");
        var factors = new List<(string Name, BigRational Exponent, RationalFunction Value)>();
        if (term.Coefficient.Sign < 0) factors.Add(("-1", 1, RationalFunction.Of(-1)));
        foreach ((BigInteger part, int sign) in (ReadOnlySpan<(BigInteger, int)>)[(term.Coefficient.Numerator, 1), (term.Coefficient.Denominator, -1)])
            foreach ((BigInteger prime, int e) in PrimeFactors.Of(BigInteger.Abs(part), budget).Factors)
                factors.Add((prime.ToString(), sign * e, RationalFunction.Of(new BigRational(prime))));
        foreach ((int id, BigRational e) in term.Monomial.Powers)
            factors.Add((Generators[id].Key, e, RationalFunction.Of(Polynomial.Of(Monomial.Of(id, 1), 1))));
        RationalFunction? result = RationalFunction.One;
        foreach ((string name, BigRational e, RationalFunction value) in factors)
        {
            foreach ((Monomial monomial, BigRational coefficient) in exponent.Numerator.Terms)
            {
                BigRational power = coefficient * e;
                if (name == "-1" && power.IsInteger) power = power.Numerator.IsEven ? 0 : 1;
                RationalFunction? factor = monomial.IsOne ? Power(value, power)
                    : RationalFunction.Of(Polynomial.Of(Monomial.Of(Generators.Opaque($"{name}^({Generators.Spell(monomial)})"), power), 1));
                result = factor is null ? null : Multiply(result!, factor);
                if (result is null) return null;
            }
        }
        return result;
    }

    private RationalFunction? Logarithm(Node argument, Node @base)
    {
        if (Of(argument) is not { } value || NaturalLogarithm(value) is not { } top) return null;
        if (@base is SymbolNode { Name: "e" } || @base is SymbolNode { Name: "logbase" } && logarithmBase is SymbolNode { Name: "e" }) return top;
        return Of(@base is SymbolNode { Name: "logbase" } ? logarithmBase : @base) is { } under && NaturalLogarithm(under) is { } bottom ? Divide(top, bottom) : null;
    }

    /// <summary>The natural logarithm; null of 0.</summary>
    public RationalFunction? NaturalLogarithm(RationalFunction value)
    {
        if (value.Numerator.IsZero) return null;
        if (!value.IsPolynomial)
        {
            return NaturalLogarithm(RationalFunction.Of(value.Numerator)) is { } top && NaturalLogarithm(RationalFunction.Of(value.Denominator)) is { } bottom
                ? Add(top, bottom with { Numerator = bottom.Numerator.Scale(-1) }) : null;
        }
        if (value.Numerator.Single is not { Coefficient.Sign: > 0 } term) return Opaque($"ln({Spell(value)})");
        Polynomial sum = Polynomial.Zero;
        foreach ((BigInteger part, int sign) in (ReadOnlySpan<(BigInteger, int)>)[(term.Coefficient.Numerator, 1), (term.Coefficient.Denominator, -1)])
            foreach ((BigInteger prime, int e) in PrimeFactors.Of(part, budget).Factors) Append(Polynomial.Of(new BigRational(prime)), prime.ToString(), sign * e);
        foreach ((int id, BigRational e) in term.Monomial.Powers)
        {
            Generator generator = Generators[id];
            if (generator.Kind == GeneratorKind.Imaginary) return Opaque($"ln({Spell(value)})");
            if (generator.Key == "e") sum = Polynomial.Sum(sum, Polynomial.Of(e), budget);
            else Append(Polynomial.Of(Monomial.Of(id, 1), 1), generator.Key, e);
        }
        return RationalFunction.Of(sum);

        void Append(Polynomial of, string name, BigRational times)
        {
            int id = Generators.Add(new Generator(GeneratorKind.Opaque, $"ln({name})", Radicand: of));
            sum = Polynomial.Sum(sum, Polynomial.Of(Monomial.Of(id, 1), times), budget);
        }
    }
}
