using System.Numerics;
using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class AnswerComparison
{
    /// <summary>A decimal stands for a number without end only from so many digits on: 0.33 is not a third.</summary>
    private const int FewestDigitsOfRounding = 6;

    /// <summary>1.6 stands for 1.57; 0.33 for no fraction yet, 7.78 for 70/9.</summary>
    private const int FewestDigitsOfReference = 2, FewestDigitsForExact = 3;

    // Values with units, percent signs and degrees, any of which may be missing on one side.
    private Comparison Quantities(Node gold, Node given)
    {
        if (gold is QuantityNode || given is QuantityNode) return Units(gold, given);
        if (gold is DegreeNode != given is DegreeNode) return Degrees(gold, given);
        if (gold is DegreeNode a && given is DegreeNode b) return Scalars(a.Operand, b.Operand);
        bool goldPercent = gold is PercentNode, givenPercent = given is PercentNode;
        if (gold is PercentNode p && given is PercentNode q) return Scalars(p.Operand, q.Operand);
        Comparison value = Scalars(gold, given);
        // 90° - α/2 for 90 - α/2
        if (!value.IsEqual && HasDegrees(gold) != HasDegrees(given) && Scalars(WithoutDegrees(gold), WithoutDegrees(given)) is { IsEqual: true } plainDegrees) return plainDegrees;
        if (value.IsEqual || goldPercent == givenPercent) return value;
        // 25 for 25%, not 0.25 for 25.
        Comparison plain = Scalars(goldPercent ? ((PercentNode)gold).Operand : gold, givenPercent ? ((PercentNode)given).Operand : given);
        return plain.IsEqual ? new Comparison(Equality.Equal, "percent") : value;
    }

    private static bool HasDegrees(Node node) => node is DegreeNode || Parts.Of(node).Any(HasDegrees);

    private static Node WithoutDegrees(Node node) => Rewriting.Of(node, part => (part as DegreeNode)?.Operand);

    private Comparison Degrees(Node gold, Node given)
    {
        Comparison plain = Scalars(gold is DegreeNode a ? a.Operand : gold, given is DegreeNode b ? b.Operand : given);
        return plain.IsEqual ? plain : Scalars(gold, given);
    }

    private Comparison Units(Node gold, Node given)
    {
        (Node x, string goldUnit) = Parted(gold);
        (Node y, string givenUnit) = Parted(given);
        if (x is PercentNode != y is PercentNode && Answers.Units.Counted(x is PercentNode ? givenUnit : goldUnit).Length > 0) return new Comparison(Equality.Different, "unit");
        if (x is DegreeNode && Answers.Units.Counted(givenUnit).Length > 0 && !Answers.Units.IsOfAngle(givenUnit) || y is DegreeNode && Answers.Units.Counted(goldUnit).Length > 0 && !Answers.Units.IsOfAngle(goldUnit)) return new Comparison(Equality.Different, "unit");
        if (x is DegreeNode != y is DegreeNode && Answers.Units.Find(goldUnit + givenUnit) is { Dimension: "angle" }) return Scalars(x, y) with { Rule = "unit" };
        if (goldUnit == givenUnit || goldUnit.Length == 0 || givenUnit.Length == 0) return goldUnit != "degree" && givenUnit != "degree" ? Quantities(x, y) : Scalars(x, y);
        if (goldUnit == "£" && givenUnit is "pound" or "pounds" || givenUnit == "£" && goldUnit is "pound" or "pounds") return Scalars(x, y);
        if (Answers.Units.Find(goldUnit) is not { } from || Answers.Units.Find(givenUnit) is not { } to)
            return Answers.Units.AreAlike(goldUnit, givenUnit) ? Quantities(x, y) : new Comparison(Equality.Different, "unit");
        if (from.Dimension != to.Dimension) return new Comparison(Equality.Different, "unit");
        if (from.Factor == to.Factor) return Scalars(x, y);
        return Scalars(x, new ProductNode([y, new NumberNode(to.Factor / from.Factor)])) with { Rule = "unit" };
    }

    private static (Node Value, string Unit) Parted(Node node) => node switch
    {
        QuantityNode { Value: QuantityNode inner, Unit: var outer } => (inner.Value, inner.Unit == "$" ? outer is "dollars" ? "$" : inner.Unit : inner.Unit),
        QuantityNode quantity => (quantity.Value, quantity.Unit.Trim()),
        ProductNode { Factors: [NumberNode number, SymbolNode { Name: { Length: 1 } letter }] } when Answers.Units.IsAbbreviation(letter) => (number, letter),
        ProductNode { Factors: [NumberNode number, PowerNode { Base: SymbolNode { Name: { Length: 1 } letter }, Exponent: NumberNode { Written.Digits: { Length: 1 } power } }] } when Answers.Units.IsAbbreviation(letter) => (number, $"{letter}^{power}"),
        ProductNode { Factors: [NumberNode number, SymbolNode { Name: "Omega" }] } => (number, "ohm"),
        _ => (node, ""),
    };

    private Comparison Scalars(Node gold, Node given)
    {
        (gold, given) = (Simplification.Of(gold), Simplification.Of(given));
        if (HasHats(gold) != HasHats(given)) (gold, given) = (WithoutHats(gold), WithoutHats(given));
        if (gold is SequenceNode || given is SequenceNode) return Compare(gold, given);
        given = IntegrationConstants.Aligned(gold, given);
        Comparison result = Comparison.Of(_scalars.Compare(gold, given));
        if (result.IsEqual) return result;
        if (gold is BaseNumeralNode numeral && given is NumberNode { Written.Digits: { } digits } && numeral.Digits == digits
            || given is BaseNumeralNode other && gold is NumberNode { Written.Digits: { } same } && other.Digits == same) return new Comparison(Equality.Equal, "base");
        if (Rounding(gold, given)) return new Comparison(Equality.Equal, "rounding");
        return result;
    }

    private bool Rounding(Node gold, Node given)
    {
        NumberNode? a = gold as NumberNode, b = given as NumberNode;
        if (b?.Written is { DecimalPlaces: { } places, SignificantDigits: >= FewestDigitsOfRounding } && a?.Written.DecimalPlaces is null && SymbolUse.Of(gold).IsConstant && !IsWhole(gold)) return Within(gold, b.Value, places);
        if (!options.RoundedReference || a?.Written is not { DecimalPlaces: { } goldPlaces, SignificantDigits: >= FewestDigitsOfReference } || !SymbolUse.Of(given).IsConstant) return false;
        bool morePrecise = b is null ? !IsWhole(given) : b.Written.DecimalPlaces is { } own ? own > goldPlaces : goldPlaces < 0 || !b.Value.IsInteger;
        if (b?.Written.DecimalPlaces is null && a.Written.SignificantDigits < FewestDigitsForExact) return false;
        return morePrecise && Within(given, a.Value, goldPlaces);
    }

    private bool IsWhole(Node node) => _scalars.RationalValue(node) is { IsInteger: true };

    // Whether the exact value rounds to the decimal; where it lies half between, away from 0 or to the even digit.
    private bool Within(Node exact, BigRational rounded, int places)
    {
        if (Math.Abs(places) > 4096) return false;
        BigRational half = places >= 0 ? new BigRational(1, 2 * BigInteger.Pow(10, places)) : new BigRational(BigInteger.Pow(10, -places), 2);
        if (_scalars.RationalValue(exact) is { } value)
        {
            BigRational off = (value - rounded).Abs();
            return off < half || off == half && (rounded.Abs() > value.Abs() || (rounded / (half + half)).Numerator.IsEven);
        }
        return _scalars.Order(exact, new NumberNode(rounded - half)) >= 0 && _scalars.Order(exact, new NumberNode(rounded + half)) <= 0;
    }
}
