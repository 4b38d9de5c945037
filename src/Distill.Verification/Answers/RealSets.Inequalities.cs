using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class RealSets
{
    private static readonly NumberNode Zero = new(0);

    private RealSet? Relation(RelationNode relation)
    {
        RealSet all = RealSet.All;
        for (int i = 0; i < relation.Signs.Count; i++)
        {
            if (Link(relation.Operands[i], relation.Signs[i], relation.Operands[i + 1]) is not { } set) return null;
            all = Intersection(all, set);
        }
        return all;
    }

    private RealSet? Link(Node left, string sign, Node right)
    {
        if (sign is "in" or "notin")
        {
            if (left is not SymbolNode symbol || !Is(symbol.Name) || Set(right) is not { } set) return null;
            return sign == "in" ? set : Complement(set);
        }
        if (!AnswerComparison.IsScalar(left) || !AnswerComparison.IsScalar(right)) return null;
        string[] variables = [.. SymbolUse.Of(left, right).Variables];
        return variables.Length == 1 && Is(variables[0]) ? Solve(left, sign, right, variables[0]) : null;
    }

    private bool Is(string variable)
    {
        Variable ??= variable;
        return Variable == variable;
    }

    private RealSet? Solve(Node left, string sign, Node right, string variable)
    {
        if (left is SymbolNode) return IsInfinite(right) ? RealSet.All : Ray(right, sign);
        if (right is SymbolNode) return IsInfinite(left) ? RealSet.All : Ray(left, Flipped(sign));
        if (right is CallNode { Name: "abs" }) (left, sign, right) = (right, Flipped(sign), left);
        if (left is CallNode { Name: "abs" } absolute && SymbolUse.Of(right).IsConstant) return Absolute(absolute.Arguments[0], sign, right, variable);
        if (scalars.NormalFormOf(new SumNode([left, new NegativeNode(right)])) is not { } form || !form.Value.IsPolynomial) return null;
        int id = form.Forms.Generators.Symbol(variable);
        var coefficients = new Polynomial[3];
        Array.Fill(coefficients, Polynomial.Zero);
        foreach ((Monomial monomial, BigRational coefficient) in form.Value.Numerator.Terms)
        {
            BigRational degree = monomial.ExponentOf(id);
            if (!degree.IsInteger || degree < 0 || degree > 2) return null;
            var terms = new Dictionary<Monomial, BigRational>(coefficients[(int)degree.Numerator].Terms);
            Polynomial.Add(terms, monomial.Without(id), coefficient);
            coefficients[(int)degree.Numerator] = Polynomial.FromTerms(terms);
        }
        Node?[] nodes = Array.ConvertAll(coefficients, coefficient => form.Forms.Expression(coefficient));
        return nodes is [{ } c, { } b, { } a] ? coefficients[2].IsZero ? Linear(b, c, sign) : Quadratic(a, b, c, sign) : null;
    }

    private static string Flipped(string sign) => sign switch { "<" => ">", ">" => "<", "<=" => ">=", ">=" => "<=", _ => sign };

    private RealSet? Ray(Node end, string sign) => sign switch
    {
        "<" => RealSet.Of(new Interval(null, false, end, false)),
        "<=" => RealSet.Of(new Interval(null, false, end, true)),
        ">" => RealSet.Of(new Interval(end, false, null, false)),
        ">=" => RealSet.Of(new Interval(end, true, null, false)),
        "=" => RealSet.Of(Interval.Point(end)),
        "!=" => Complement(RealSet.Of(Interval.Point(end))),
        _ => null,
    };

    // |u| < c is -c < u < c.
    private RealSet? Absolute(Node inner, string sign, Node bound, string variable)
    {
        Node negative = new NegativeNode(bound);
        if (Solve(inner, sign, bound, variable) is not { } one || Solve(inner, Flipped(sign), negative, variable) is not { } other) return null;
        return sign is "<" or "<=" or "!=" ? Intersection(one, other) : Union([.. one.Intervals, .. other.Intervals]);
    }

    private RealSet? Linear(Node b, Node c, string sign)
    {
        int slope = Order(b, Zero);
        return slope == 0 ? null : Ray(new QuotientNode(new NegativeNode(c), b), slope > 0 ? sign : Flipped(sign));
    }

    private RealSet? Quadratic(Node a, Node b, Node c, string sign)
    {
        if (Order(a, Zero) < 0) (a, b, c, sign) = (new NegativeNode(a), new NegativeNode(b), new NegativeNode(c), Flipped(sign));
        Node discriminant = new SumNode([new PowerNode(b, new NumberNode(2)), new ProductNode([new NumberNode(-4), a, c])]);
        int order = Order(discriminant, Zero);
        if (_failed) return null;
        Node middle = new NegativeNode(b), width = new CallNode("root", discriminant, new NumberNode(2)), below = new ProductNode([new NumberNode(2), a]);
        Node low = order <= 0 ? new QuotientNode(middle, below) : new QuotientNode(new SumNode([middle, new NegativeNode(width)]), below);
        Node high = order <= 0 ? low : new QuotientNode(new SumNode([middle, width]), below);
        RealSet between = order < 0 ? RealSet.Empty : RealSet.Of(new Interval(low, true, high, true));
        RealSet ends = order < 0 ? RealSet.Empty : Union([Interval.Point(low), Interval.Point(high)]);
        return sign switch
        {
            "<=" => between,
            "<" => Intersection(between, Complement(ends)),
            ">" => Complement(between),
            ">=" => Union([.. Complement(between).Intervals, .. ends.Intervals]),
            "=" => ends,
            "!=" => Complement(ends),
            _ => null,
        };
    }
}
