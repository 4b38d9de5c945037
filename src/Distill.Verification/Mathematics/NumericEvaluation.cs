using System.Numerics;
using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>Evaluates expressions in ball arithmetic at given values of their variables.</summary>
/// <param name="balls">The arithmetic, and with it the precision.</param>
/// <param name="variables">Values of the variables.</param>
/// <param name="complex">Whether roots and logarithms of negative numbers have values.</param>
/// <param name="budget">Charged for every node.</param>
internal sealed partial class NumericEvaluation(BallArithmetic balls, IReadOnlyDictionary<string, BigRational> variables, bool complex, WorkBudget budget)
{
    private const int MostTerms = 10_000;

    private readonly Dictionary<string, BigRational> _bound = [];

    /// <summary>The value, or null where there is none.</summary>
    public ComplexBall? Of(Node node)
    {
        budget.Charge(10);
        switch (node)
        {
            case NumberNode number: return Real(balls.Of(number.Value));
            case BaseNumeralNode numeral: return Real(Ball.Of(numeral.Value));
            case SymbolNode symbol: return Symbol(symbol.Name);
            case NegativeNode negative: return -Of(negative.Operand);
            case PercentNode percent: return Multiply(Of(percent.Operand), Real(balls.Of(new BigRational(1, 100))));
            case DegreeNode degree: return Multiply(Multiply(Of(degree.Operand), Real(balls.Pi())), Real(balls.Of(new BigRational(1, 180))));
            case QuotientNode quotient: return Divide(Of(quotient.Numerator), Of(quotient.Denominator));
            case SumNode sum: return Fold(sum.Terms, Add);
            case ProductNode product: return Fold(product.Factors, Multiply);
            case PowerNode power: return Power(power);
            case CallNode call: return Call(call);
            case BoundNode bound: return Bound(bound);
            default: return null;
        }
    }

    private ComplexBall? Symbol(string name) => name switch
    {
        "pi" => Real(balls.Pi()),
        "e" => Real(balls.E()),
        "i" => new ComplexBall(Ball.Zero, Ball.One),
        _ when _bound.TryGetValue(name, out BigRational value) || variables.TryGetValue(name, out value) => Real(balls.Of(value)),
        "logbase" => Real(balls.E()),
        _ => null,
    };

    private static ComplexBall? Real(Ball? value) => value is { } ball ? ComplexBall.Real(ball) : null;

    private ComplexBall? Fold(IReadOnlyList<Node> nodes, Func<ComplexBall?, ComplexBall?, ComplexBall?> combine)
    {
        ComplexBall? result = Of(nodes[0]);
        for (int i = 1; i < nodes.Count && result is not null; i++) result = combine(result, Of(nodes[i]));
        return result;
    }

    public ComplexBall? Add(ComplexBall? a, ComplexBall? b) => a is { } x && b is { } y ? new ComplexBall(balls.Add(x.Re, y.Re), balls.Add(x.Im, y.Im)) : null;

    private ComplexBall? Multiply(ComplexBall? a, ComplexBall? b)
    {
        if (a is not { } x || b is not { } y) return null;
        if (x.IsReal && y.IsReal) return Real(balls.Multiply(x.Re, y.Re));
        return new ComplexBall(balls.Subtract(balls.Multiply(x.Re, y.Re), balls.Multiply(x.Im, y.Im)), balls.Add(balls.Multiply(x.Re, y.Im), balls.Multiply(x.Im, y.Re)));
    }

    public ComplexBall? Divide(ComplexBall? a, ComplexBall? b)
    {
        if (a is not { } x || b is not { } y) return null;
        if (x.IsReal && y.IsReal) return Real(balls.Divide(x.Re, y.Re));
        Ball norm = balls.Add(balls.Multiply(y.Re, y.Re), balls.Multiply(y.Im, y.Im));
        ComplexBall top = Multiply(x, y with { Im = -y.Im })!.Value;
        return balls.Divide(top.Re, norm) is { } re && balls.Divide(top.Im, norm) is { } im ? new ComplexBall(re, im) : null;
    }

    private ComplexBall? Power(PowerNode power)
    {
        if (Of(power.Base) is not { } @base) return null;
        if (Integer(power.Exponent) is { } whole) return Power(@base, whole);
        // A rational exponent with an odd denominator keeps negative bases real.
        if (power.Exponent is QuotientNode { Numerator: { } top, Denominator: { } bottom } && Integer(top) is { } p && Integer(bottom) is { IsEven: false } q && @base.IsReal && @base.Re.IsNegative && q.Sign > 0)
            return Power(Root(@base, (int)BigInteger.Min(q, 10_000)), p);
        if (Of(power.Exponent) is not { } exponent) return null;
        if (@base.Re.IsExactZero && @base.IsReal) return exponent.IsReal && exponent.Re.IsPositive ? @base : null;
        return Logarithm(@base) is { } log ? Exp(Multiply(exponent, log)) : null;
    }

    // A whole exponent: a numeral, or a variable whose value is whole.
    private BigInteger? Integer(Node node)
    {
        if (node is NumberNode { Value.IsInteger: true } number) return number.Value.Numerator;
        return Of(node) is { IsReal: true, Re: { IsExact: true } exact } && (exact.Exponent >= 0 || (exact.Mid & ((BigInteger.One << (int)Math.Min(-exact.Exponent, 4096)) - 1)).IsZero)
            && Math.Abs(exact.Exponent) < 4096 ? exact.Exponent >= 0 ? exact.Mid << (int)exact.Exponent : exact.Mid >> (int)-exact.Exponent : null;
    }

    private ComplexBall? Power(ComplexBall? value, BigInteger exponent)
    {
        if (value is not { } @base) return null;
        if (@base.IsReal) return Real(balls.Power(@base.Re, exponent));
        if (BigInteger.Abs(exponent) > 4096) return null;
        ComplexBall? result = ComplexBall.Real(Ball.One), square = @base;
        for (int n = (int)BigInteger.Abs(exponent); n > 0; n >>= 1)
        {
            if ((n & 1) == 1) result = Multiply(result, square);
            square = Multiply(square, square);
        }
        return exponent.Sign < 0 ? Divide(ComplexBall.Real(Ball.One), result) : result;
    }

    private ComplexBall? Root(ComplexBall value, int index)
    {
        if (index <= 0) return null;
        if (value.IsReal && value.Re.IsNegative && index % 2 == 1) return -Root(-value, index);
        if (value.IsReal && !value.Re.IsNegative)
        {
            if (index == 2) return Real(balls.SquareRoot(value.Re));
            if (value.Re.IsExactZero) return value;
            return balls.Ln(value.Re) is { } ln ? Real(balls.Exp(balls.Divide(ln, Ball.Of(index))!.Value)) : null;
        }
        if (!complex) return null;
        if (value.IsReal && index == 2) return new ComplexBall(Ball.Zero, balls.SquareRoot(-value.Re)!.Value);
        return Logarithm(value) is { } log ? Exp(Multiply(log, Real(balls.Of(new BigRational(1, index))))) : null;
    }

    private ComplexBall? Exp(ComplexBall? value)
    {
        if (value is not { } x) return null;
        Ball size = balls.Exp(x.Re);
        if (x.IsReal) return Real(size);
        (Ball sine, Ball cosine) = balls.SineCosine(x.Im);
        return new ComplexBall(balls.Multiply(size, cosine), balls.Multiply(size, sine));
    }

    private ComplexBall? Logarithm(ComplexBall value)
    {
        if (value.IsReal && value.Re.IsPositive) return Real(balls.Ln(value.Re));
        if (!complex) return null;
        Ball norm = balls.Add(balls.Multiply(value.Re, value.Re), balls.Multiply(value.Im, value.Im));
        if (balls.Ln(norm) is not { } ln || Argument(value) is not { } argument) return null;
        return new ComplexBall(balls.Multiply(ln, new Ball(1, 0, -1)), argument);
    }

    // The angle in (-π, π].
    private Ball? Argument(ComplexBall value)
    {
        Ball half = balls.Multiply(balls.Pi(), new Ball(1, 0, -1));
        if (!value.Im.ContainsZero)
        {
            // cot of the angle measured from the imaginary axis
            Ball turned = balls.Arctan(balls.Divide(value.Re, value.Im)!.Value);
            return value.Im.IsPositive ? balls.Subtract(half, turned) : balls.Subtract(-half, turned);
        }
        if (value.Re.IsPositive) return balls.Arctan(balls.Divide(value.Im, value.Re)!.Value);
        return value.Im.IsExactZero && value.Re.IsNegative ? balls.Pi() : null;
    }
}
