using System.Numerics;

namespace Distill.Verification.Mathematics;

internal sealed partial class NormalForm
{
    private const int LargestMultiple = 8;

    private RationalFunction? Trigonometric(string name, RationalFunction angle)
    {
        (RationalFunction sine, RationalFunction cosine) = SineAndCosine(angle);
        return name switch
        {
            "sin" => sine,
            "cos" => cosine,
            "tan" => Divide(sine, cosine),
            "cot" => Divide(cosine, sine),
            "sec" => Divide(RationalFunction.One, cosine),
            _ => Divide(RationalFunction.One, sine),
        };
    }

    private RationalFunction? Hyperbolic(string name, RationalFunction x)
    {
        if (Exponential(x) is not { } plus || Exponential(x with { Numerator = x.Numerator.Scale(-1) }) is not { } minus) return null;
        RationalFunction sum = Add(plus, minus), difference = Add(plus, minus with { Numerator = minus.Numerator.Scale(-1) });
        return name switch
        {
            "sinh" => Divide(difference, RationalFunction.Of(2)),
            "cosh" => Divide(sum, RationalFunction.Of(2)),
            "tanh" => Divide(difference, sum),
            "coth" => Divide(sum, difference),
            "sech" => Divide(RationalFunction.Of(2), sum),
            _ => Divide(RationalFunction.Of(2), difference),
        };
    }

    /// <summary>Sine and cosine of an angle; sums and whole multiples of angles come apart.</summary>
    public (RationalFunction Sine, RationalFunction Cosine) SineAndCosine(RationalFunction angle)
    {
        if (angle.Numerator.IsZero) return (RationalFunction.Zero, RationalFunction.One);
        if (!angle.IsPolynomial || angle.Numerator.Terms.Count > 4) return OfGenerator(Spell(angle));
        (RationalFunction Sine, RationalFunction Cosine)? all = null;
        int pi = Generators.Symbol("pi");
        foreach ((Monomial monomial, BigRational coefficient) in angle.Numerator.Terms.OrderBy(term => Generators.Spell(term.Key), StringComparer.Ordinal))
        {
            (RationalFunction Sine, RationalFunction Cosine) one = monomial.Equals(Monomial.Of(pi, 1)) ? AtTurn(coefficient) : AtMultiple(monomial, coefficient);
            all = all is { } sum ? Together(sum, one) : one;
        }
        return all!.Value;
    }

    private (RationalFunction Sine, RationalFunction Cosine) Together((RationalFunction Sine, RationalFunction Cosine) a, (RationalFunction Sine, RationalFunction Cosine) b) =>
        (Add(Multiply(a.Sine, b.Cosine), Multiply(a.Cosine, b.Sine)),
            Add(Multiply(a.Cosine, b.Cosine), Negated(Multiply(a.Sine, b.Sine))));

    private static RationalFunction Negated(RationalFunction value) => value with { Numerator = value.Numerator.Scale(-1) };

    private (RationalFunction Sine, RationalFunction Cosine) AtMultiple(Monomial monomial, BigRational coefficient)
    {
        int times = coefficient.Numerator is var n && BigInteger.Abs(n) <= LargestMultiple ? (int)n : Math.Sign((double)n.Sign);
        BigRational unit = coefficient / times;
        (RationalFunction Sine, RationalFunction Cosine) one = OfGenerator($"{unit}{Generators.Spell(monomial)}");
        (RationalFunction Sine, RationalFunction Cosine) result = one;
        for (int i = 1; i < Math.Abs(times); i++) result = Together(result, one);
        return times < 0 ? (Negated(result.Sine), result.Cosine) : result;
    }

    private (RationalFunction Sine, RationalFunction Cosine) OfGenerator(string angle)
    {
        int sine = Generators.Opaque($"sin({angle})");
        int cosine = Generators.Add(new Generator(GeneratorKind.Cosine, $"cos({angle})", Partner: sine));
        return (RationalFunction.Of(Polynomial.Of(Monomial.Of(sine, 1), 1)), RationalFunction.Of(Polynomial.Of(Monomial.Of(cosine, 1), 1)));
    }

    // Sine and cosine of a rational multiple of π, reduced to an angle between 0 and π/4.
    private (RationalFunction Sine, RationalFunction Cosine) AtTurn(BigRational halfTurns)
    {
        halfTurns -= 2 * (halfTurns / 2).Floor();
        if (halfTurns >= 1)
        {
            (RationalFunction sine, RationalFunction cosine) = AtTurn(halfTurns - 1);
            return (Negated(sine), Negated(cosine));
        }
        if (halfTurns > BigRational.Half)
        {
            (RationalFunction sine, RationalFunction cosine) = AtTurn(1 - halfTurns);
            return (sine, Negated(cosine));
        }
        if (halfTurns > new BigRational(1, 4))
        {
            (RationalFunction sine, RationalFunction cosine) = AtTurn(BigRational.Half - halfTurns);
            return (cosine, sine);
        }
        return SmallAngle(halfTurns);
    }

    private (RationalFunction Sine, RationalFunction Cosine) SmallAngle(BigRational turn)
    {
        BigRational half = BigRational.Half, quarter = new(1, 4);
        if (turn.IsZero) return (RationalFunction.Zero, RationalFunction.One);
        if (turn == quarter) return (Surd(half, 2), Surd(half, 2));
        if (turn == new BigRational(1, 6)) return (RationalFunction.Of(half), Surd(half, 3));
        if (turn == new BigRational(1, 12)) return (Add(Surd(quarter, 6), Negated(Surd(quarter, 2))), Add(Surd(quarter, 6), Surd(quarter, 2)));
        if (turn == new BigRational(1, 10)) return (Add(Surd(quarter, 5), RationalFunction.Of(-quarter)), Nested(10, 2));
        if (turn == new BigRational(1, 5)) return (Nested(10, -2), Add(Surd(quarter, 5), RationalFunction.Of(quarter)));
        if (turn == new BigRational(1, 8)) return (Half(2, -1), Half(2, 1));
        return OfGenerator($"{turn}·pi^1");

        // √(a + b√5) / 4
        RationalFunction Nested(int a, int b) => Times(quarter, Power(Add(RationalFunction.Of(a), Surd(b, 5)), half)!);
        // √(a + b√2) / 2
        RationalFunction Half(int a, int b) => Times(half, Power(Add(RationalFunction.Of(a), Surd(b, 2)), half)!);
    }

    private RationalFunction Surd(BigRational factor, int radicand) => Times(factor, RationalPower(radicand, BigRational.Half));

    private static RationalFunction Times(BigRational factor, RationalFunction value) => value with { Numerator = value.Numerator.Scale(factor) };
}
