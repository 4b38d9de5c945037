using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>
/// Whether two expressions have the same value: by their rational values, else by their normal forms, else numerically, in ball
/// arithmetic, with variables at pseudo-random rational points. No tolerance anywhere: balls that overlap are not equal yet.
/// </summary>
internal sealed class ScalarEquivalence(WorkBudget budget)
{
    private static readonly int[] Precisions = [192, 448];

    /// <summary>Two numbers count as equal when they agree to this many bits of the larger one.</summary>
    private const int AgreeingBits = 200;

    /// <summary>The same for one point of several: more than 40 digits.</summary>
    private const int AgreeingBitsOfPoint = 140;

    private NormalForm? _decimalLogarithm, _naturalLogarithm;

    /// <summary>Compares two expressions.</summary>
    public (Equality Equality, Method Method) Compare(Node a, Node b)
    {
        if (a is NumberNode left && b is NumberNode right) return (left.Value == right.Value ? Equality.Equal : Equality.Different, Method.Number);
        SymbolUse symbols = SymbolUse.Of(a, b);
        var decided = Compare(a, b, symbols, _decimalLogarithm ??= new NormalForm(budget, new NumberNode(10)));
        if (decided.Equality == Equality.Equal || !symbols.Names.Contains("logbase")) return decided;
        // A logarithm without base may be the natural one.
        var natural = Compare(a, b, symbols, _naturalLogarithm ??= new NormalForm(budget, SymbolNode.E));
        return natural.Equality == Equality.Equal ? natural : decided;
    }

    /// <summary>The rational value of an expression, or null.</summary>
    public BigRational? RationalValue(Node node)
    {
        if (node is NumberNode number) return number.Value;
        try
        {
            return (_decimalLogarithm ??= new NormalForm(budget, new NumberNode(10))).Of(node)?.Constant;
        }
        catch (WorkExceededException)
        {
            return null;
        }
    }

    /// <summary>Normal form of an expression, or null where there is none within the limits.</summary>
    public (RationalFunction Value, NormalForm Forms)? NormalFormOf(Node node)
    {
        _decimalLogarithm ??= new NormalForm(budget, new NumberNode(10));
        try
        {
            return _decimalLogarithm.Of(node) is { } value ? (value, _decimalLogarithm) : null;
        }
        catch (WorkExceededException)
        {
            return null;
        }
    }

    /// <summary>The sign of the difference of two constants, or null.</summary>
    public int? Order(Node a, Node b)
    {
        if (RationalValue(a) is { } x && RationalValue(b) is { } y) return x.CompareTo(y);
        (Equality equality, _) = Compare(a, b);
        if (equality == Equality.Equal) return 0;
        foreach (int precision in Precisions)
        {
            var numeric = new NumericEvaluation(new BallArithmetic(precision, budget), SamplePoints.None, complex: false, budget);
            if (numeric.Of(a) is not { } left || numeric.Of(b) is not { } right || numeric.Add(left, -right) is not { IsReal: true } difference) return null;
            if (difference.Re.IsPositive) return 1;
            if (difference.Re.IsNegative) return -1;
        }
        return null;
    }

    /// <summary>Whether one expression is a constant other than 0 times the other; of inequalities, a positive one.</summary>
    public (Equality Equality, Method Method) CompareUpToFactor(Node a, Node b, bool positive)
    {
        if (NormalFormOf(a) is { } left && NormalFormOf(b) is { } right && left.Forms.FactorBetween(left.Value, right.Value, positive) is { } factor)
            return positive && factor.Sign < 0 ? (Equality.Different, Method.Algebra) : (Equality.Equal, Method.Algebra);
        return Numeric(a, b, SymbolUse.Of(a, b), factor: true, positive);
    }

    private (Equality Equality, Method Method) Compare(Node a, Node b, SymbolUse symbols, NormalForm forms)
    {
        try
        {
            if (forms.Of(a) is { } left && forms.Of(b) is { } right)
            {
                if (left.Constant is { } x && right.Constant is { } y) return (x == y ? Equality.Equal : Equality.Different, Method.Number);
                Polynomial difference = forms.Difference(left, right);
                if (difference.IsZero) return (Equality.Equal, Method.Algebra);
                if (forms.Generators.AreIndependent(difference)) return (Equality.Different, Method.Algebra);
            }
        }
        catch (WorkExceededException)
        {
            // The normal form is too large; numbers may still tell.
        }
        return Numeric(a, b, symbols, factor: false, positive: false, forms.LogarithmBase);
    }

    private (Equality, Method) Numeric(Node a, Node b, SymbolUse symbols, bool factor, bool positive, Node? logarithmBase = null)
    {
        if (symbols.Names.Contains("infinity") || symbols.Names.Contains("…") || symbols.Opaque) return (Equality.Unknown, Method.Numeric);
        var points = new SamplePoints(symbols, factor);
        int agree = 0, undefined = 0;
        ComplexBall? ratio = null;
        foreach (IReadOnlyDictionary<string, BigRational> point in points.All(logarithmBase))
        {
            Equality at;
            try
            {
                at = factor ? RatioAt(a, b, point, symbols.Complex, positive, ref ratio) : CompareAt(a, b, point, symbols.Complex, out bool oneSided, ref undefined) is var equality && oneSided ? Equality.Unknown : equality;
            }
            catch (WorkExceededException) when (symbols.IsConstant)
            {
                return (Equality.Unknown, Method.Numeric);
            }
            if (at == Equality.Different) return (Equality.Different, Method.Numeric);
            if (at == Equality.Equal) agree++;
            if (symbols.IsConstant || agree == SamplePoints.Needed && !factor) break;
        }
        if (undefined > SamplePoints.Count / 2) return (Equality.Different, Method.Numeric);
        return (agree >= (symbols.IsConstant ? 1 : SamplePoints.Needed) ? Equality.Equal : Equality.Unknown, Method.Numeric);
    }

    private Equality CompareAt(Node a, Node b, IReadOnlyDictionary<string, BigRational> point, bool complex, out bool oneSided, ref int undefined)
    {
        oneSided = false;
        foreach (int precision in Precisions)
        {
            var numeric = new NumericEvaluation(new BallArithmetic(precision, budget), point, complex, budget);
            ComplexBall? left = numeric.Of(a), right = numeric.Of(b);
            if (left is not { } x || right is not { } y)
            {
                if (left is null != right is null && precision == Precisions[^1])
                {
                    oneSided = true;
                    undefined++;
                }
                continue;
            }
            ComplexBall difference = numeric.Add(x, -y)!.Value;
            if (!difference.ContainsZero) return Equality.Different;
            long scale = Math.Max(-64, Math.Max(x.MagnitudeBits, y.MagnitudeBits));
            // Of constants only the higher precision convinces; of variables several points do.
            if (precision == Precisions[^1] ? difference.MagnitudeBits < scale - AgreeingBits : point.Count > 0 && difference.MagnitudeBits < scale - AgreeingBitsOfPoint) return Equality.Equal;
        }
        return Equality.Unknown;
    }

    private Equality RatioAt(Node a, Node b, IReadOnlyDictionary<string, BigRational> point, bool complex, bool positive, ref ComplexBall? ratio)
    {
        var numeric = new NumericEvaluation(new BallArithmetic(Precisions[^1], budget), point, complex, budget);
        if (numeric.Divide(numeric.Of(a), numeric.Of(b)) is not { } here || here.ContainsZero) return Equality.Unknown;
        if (positive && here.Re.IsNegative) return Equality.Different;
        if (ratio is not { } first)
        {
            ratio = here;
            return Equality.Equal;
        }
        ComplexBall difference = numeric.Add(here, -first)!.Value;
        if (!difference.ContainsZero) return Equality.Different;
        return difference.MagnitudeBits < first.MagnitudeBits - AgreeingBits ? Equality.Equal : Equality.Unknown;
    }
}
