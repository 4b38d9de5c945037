using System.Numerics;
using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

internal sealed partial class NumericEvaluation
{
    private ComplexBall? Call(CallNode call)
    {
        var values = new ComplexBall[call.Arguments.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (Of(call.Arguments[i]) is not { } value) return null;
            values[i] = value;
        }
        ComplexBall x = values[0];
        switch (call.Name)
        {
            case "root": return WholeOf(values[1]) is { } index && index < 10_000 ? Root(x, (int)index) : null;
            case "log": return Logarithm(x) is { } top && Logarithm(values[1]) is { } bottom ? Divide(top, bottom) : null;
            case "abs" when !x.IsReal: return Root(ComplexBall.Real(balls.Add(balls.Multiply(x.Re, x.Re), balls.Multiply(x.Im, x.Im))), 2);
            case "sin" or "cos" or "tan" or "cot" or "sec" or "csc" when !x.IsReal: return OfComplexAngle(call.Name, x);
            case "re": return ComplexBall.Real(x.Re);
            case "im": return ComplexBall.Real(x.Im);
            case "bar": return x with { Im = -x.Im };
            case "arg": return Argument(x) is { } angle ? ComplexBall.Real(angle) : null;
        }
        return Array.TrueForAll(values, value => value.IsReal) && Real(call.Name, Array.ConvertAll(values, value => value.Re)) is { } real ? ComplexBall.Real(real) : null;
    }

    private ComplexBall? OfComplexAngle(string name, ComplexBall x)
    {
        var ix = new ComplexBall(-x.Im, x.Re);
        ComplexBall? plus = Exp(ix), minus = Exp(-ix);
        ComplexBall? cosine = Multiply(Add(plus, minus), ComplexBall.Real(new Ball(1, 0, -1)));
        ComplexBall? sine = Multiply(Add(plus, -minus), new ComplexBall(Ball.Zero, new Ball(-1, 0, -1)));
        return name switch
        {
            "sin" => sine,
            "cos" => cosine,
            "tan" => Divide(sine, cosine),
            "cot" => Divide(cosine, sine),
            "sec" => Divide(ComplexBall.Real(Ball.One), cosine),
            _ => Divide(ComplexBall.Real(Ball.One), sine),
        };
    }

    private Ball? Real(string name, Ball[] values)
    {
        Ball x = values[0];
        switch (name)
        {
            case "sin": return balls.SineCosine(x).Sine;
            case "cos": return balls.SineCosine(x).Cosine;
            case "tan": return balls.SineCosine(x) is var t ? balls.Divide(t.Sine, t.Cosine) : null;
            case "cot": return balls.SineCosine(x) is var c ? balls.Divide(c.Cosine, c.Sine) : null;
            case "sec": return balls.Divide(Ball.One, balls.SineCosine(x).Cosine);
            case "csc": return balls.Divide(Ball.One, balls.SineCosine(x).Sine);
            case "arcsin": return balls.Arcsin(x);
            case "arccos": return balls.Arcsin(x) is { } arcsin ? balls.Subtract(Half(balls.Pi()), arcsin) : null;
            case "arctan": return balls.Arctan(x);
            case "arccot": return balls.Subtract(Half(balls.Pi()), balls.Arctan(x));
            case "arcsec": return balls.Divide(Ball.One, x) is { } secant && balls.Arcsin(secant) is { } s ? balls.Subtract(Half(balls.Pi()), s) : null;
            case "arccsc": return balls.Divide(Ball.One, x) is { } cosecant ? balls.Arcsin(cosecant) : null;
            case "sinh": return Half(balls.Subtract(balls.Exp(x), balls.Exp(-x)));
            case "cosh": return Half(balls.Add(balls.Exp(x), balls.Exp(-x)));
            case "tanh": return balls.Divide(balls.Subtract(balls.Exp(x), balls.Exp(-x)), balls.Add(balls.Exp(x), balls.Exp(-x)));
            case "coth": return balls.Divide(balls.Add(balls.Exp(x), balls.Exp(-x)), balls.Subtract(balls.Exp(x), balls.Exp(-x)));
            case "sech": return balls.Divide(Ball.Of(2), balls.Add(balls.Exp(x), balls.Exp(-x)));
            case "csch": return balls.Divide(Ball.Of(2), balls.Subtract(balls.Exp(x), balls.Exp(-x)));
            case "arcsinh": return balls.SquareRoot(balls.Add(balls.Multiply(x, x), Ball.One)) is { } h ? balls.Ln(balls.Add(x, h)) : null;
            case "arccosh": return balls.SquareRoot(balls.Subtract(balls.Multiply(x, x), Ball.One)) is { } k && x.IsPositive ? balls.Ln(balls.Add(x, k)) : null;
            case "arctanh": return balls.Divide(balls.Add(Ball.One, x), balls.Subtract(Ball.One, x)) is { } q && balls.Ln(q) is { } ln ? Half(ln) : null;
            case "abs": return x.IsNegative ? -x : x.IsPositive || x.IsExactZero ? x : null;
            case "sgn": return x.IsNegative ? Ball.Of(-1) : x.IsPositive ? Ball.One : x.IsExactZero ? x : null;
            case "floor": return Floor(x);
            case "ceil": return Floor(-x) is { } ceiling ? -ceiling : null;
            case "max" or "min": return Extreme(values, name == "max");
            case "factorial": return Factorial(x);
            case "binomial" when values.Length == 2: return Binomial(x, values[1]);
            case "mod" when values.Length == 2: return balls.Divide(x, values[1]) is { } turns && Floor(turns) is { } whole ? balls.Subtract(x, balls.Multiply(whole, values[1])) : null;
            default: return null;
        }
    }

    private Ball Half(Ball value) => balls.Multiply(value, new Ball(1, 0, -1));

    private static BigInteger? WholeOf(ComplexBall value) => value.IsReal ? WholeOf(value.Re) : null;

    private static BigInteger? WholeOf(Ball value)
    {
        if (!value.IsExact || Math.Abs(value.Exponent) > 4096) return null;
        if (value.Exponent >= 0) return value.Mid << (int)value.Exponent;
        BigInteger whole = value.Mid >> (int)-value.Exponent;
        return whole << (int)-value.Exponent == value.Mid ? whole : null;
    }

    private static Ball? Floor(Ball x)
    {
        if (x.Exponent >= 0) return x.IsExact ? x : null;
        if (x.Exponent < -1_000_000) return null;
        BigInteger low = x.Mid - x.Radius >> (int)-x.Exponent, high = x.Mid + x.Radius >> (int)-x.Exponent;
        return low == high ? Ball.Of(low) : null;
    }

    private Ball? Extreme(Ball[] values, bool largest)
    {
        Ball best = values[0];
        foreach (Ball value in values[1..])
        {
            Ball difference = balls.Subtract(value, best);
            if (difference.ContainsZero && !difference.IsExactZero) return null;
            if (difference.IsPositive == largest) best = value;
        }
        return best;
    }

    private Ball? Factorial(Ball x)
    {
        if (WholeOf(x) is not { Sign: >= 0 } n || n > MostTerms) return null;
        Ball product = Ball.One;
        for (int i = 2; i <= (int)n; i++) product = balls.Multiply(product, Ball.Of(i));
        return product;
    }

    private Ball? Binomial(Ball n, Ball k)
    {
        if (WholeOf(k) is not { } chosen || WholeOf(n) is not { } total) return null;
        if (chosen.Sign < 0 || total.Sign >= 0 && chosen > total) return Ball.Zero;
        if (total.Sign >= 0 && chosen * 2 > total) chosen = total - chosen;
        if (chosen > MostTerms) return null;
        Ball? result = Ball.One;
        for (int i = 0; i < (int)chosen && result is { } sofar; i++) result = balls.Divide(balls.Multiply(sofar, Ball.Of(total - i)), Ball.Of(i + 1));
        return result;
    }

    private ComplexBall? Bound(BoundNode bound)
    {
        if (bound.Name is not ("sum" or "prod") || bound.From is null || bound.To is null || Of(bound.From) is not { } from || Of(bound.To) is not { } to) return null;
        if (WholeOf(from) is not { } first || WholeOf(to) is not { } last || last - first > MostTerms) return null;
        bool outer = _bound.TryGetValue(bound.Variable, out BigRational saved);
        ComplexBall? result = ComplexBall.Real(bound.Name == "sum" ? Ball.Zero : Ball.One);
        for (BigInteger i = first; i <= last && result is not null; i++)
        {
            _bound[bound.Variable] = new BigRational(i);
            result = bound.Name == "sum" ? Add(result, Of(bound.Body)) : Multiply(result, Of(bound.Body));
        }
        if (outer) _bound[bound.Variable] = saved;
        else _bound.Remove(bound.Variable);
        return result;
    }
}
