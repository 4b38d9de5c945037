using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>
/// Compares parsed answers by their kinds. The reference answer's kind says how the given one is read, never the other way round: a
/// name is taken off a value, an inequality becomes an interval, a list is taken for a tuple.
/// </summary>
internal sealed partial class AnswerComparison(MathOptions options, WorkBudget budget)
{
    private const int DeepestNesting = 16;

    private readonly ScalarEquivalence _scalars = new(budget);
    private int _depth;

    /// <summary>Compares the reference answer with a given one.</summary>
    public Comparison Compare(Node gold, Node given)
    {
        if (++_depth > DeepestNesting) return new Comparison(Equality.Unknown, "nesting");
        budget.Charge(100);
        try
        {
            (Node first, Node second) = IntegerParameters.Aligned(Simplification.Of(gold), Simplification.Of(given));
            if (IsListOfRelations(second) && Separated(first) is { } goldEach) first = goldEach;
            else if (IsListOfRelations(first) && Separated(second) is { } givenEach) second = givenEach;
            return CompareSimplified(first, second);
        }
        finally
        {
            _depth--;
        }
    }

    private Comparison CompareSimplified(Node gold, Node given)
    {
        Comparison direct = Direct(gold, given);
        if (direct.IsEqual) return direct;
        Comparison named = WithoutNames(gold, given);
        return named.Equality != Equality.Unknown || named.Rule == "" ? named.Rule == "" ? direct : named : direct.Equality == Equality.Different ? direct : named;
    }

    private Comparison Direct(Node gold, Node given)
    {
        switch (gold, given)
        {
            case (TextNode a, TextNode b): return Comparison.Of(TextAnswers.AreEqual(a.Text, b.Text), "text");
            case (TextNode a, _): return new Comparison(TextAnswers.IsWordy(a.Text) ? Equality.Different : Equality.Unknown, "text");
            case (_, TextNode): return new Comparison(Equality.Unknown, "text");
            case (ClockNode a, ClockNode b): return Comparison.Of(a.Minutes == b.Minutes && (a.HourOfDay == b.HourOfDay || a.Hours == b.Hours && (a.Half.Length == 0 || b.Half.Length == 0)), "time");
            case (RatioNode a, RatioNode b): return Ratios(a, b);
            case (RatioNode { Terms.Count: 2 } a, _) when IsScalar(given): return Scalars(new QuotientNode(a.Terms[0], a.Terms[1]), given) with { Rule = "ratio" };
            case (_, RatioNode { Terms.Count: 2 } b) when IsScalar(gold): return Scalars(gold, new QuotientNode(b.Terms[0], b.Terms[1])) with { Rule = "ratio" };
            case (ClockNode a, RatioNode b): return Clock(a, b);
            case (RatioNode a, ClockNode b): return Clock(b, a);
            case (CongruenceNode a, _) when Family(given) is { } family: return Congruences(a, family);
            case (_, CongruenceNode b) when Family(gold) is { } family: return Congruences(family, b);
            case (CongruenceNode a, _): return Congruences(a, given);
            case (_, CongruenceNode { Left: null } b): return Residue(gold, b);
            case (PiecewiseNode a, PiecewiseNode b): return Piecewise(a, b);
            case (MatrixNode a, MatrixNode b): return Matrices(a, b);
            case (MatrixNode a, SequenceNode b): return Vectors(a, b);
            case (SequenceNode a, MatrixNode b): return Vectors(b, a, swapped: true);
            case (MatrixNode a, _) when IsScalar(given) && AsTuple(given, a.Rows.Length * a.Rows[0].Length) is { } b: return Vectors(a, b);
            case (_, MatrixNode b) when IsScalar(gold) && AsTuple(gold, b.Rows.Length * b.Rows[0].Length) is { } a: return Vectors(b, a, swapped: true);
            case (SequenceNode { IsList: false, IsSet: false } a, _) when IsScalar(given) && AsTuple(given, a.Items.Count) is { } b: return Compare(a, b);
            case (_, SequenceNode { IsList: false, IsSet: false } b) when IsScalar(gold) && AsTuple(gold, b.Items.Count) is { } a: return Compare(a, b);
            case (_, _) when AsBinomial(given) is { } chosen && IsScalar(gold): return Scalars(gold, chosen);
            case (_, _) when AsBinomial(gold) is { } chosen && IsScalar(given): return Scalars(chosen, given);
        }
        if (RealSets.AreMeant(gold, given) && Sets(gold, given) is { } sets) return sets;
        if (gold is RelationNode || given is RelationNode || IsListOfRelations(gold) && IsListOfRelations(given))
        {
            if (Relations(gold, given) is { } relations) return relations;
        }
        if (gold is SequenceNode || given is SequenceNode) return Sequences(gold, given);
        if (gold is SetOperationNode x && given is SetOperationNode y) return SymbolicSets(x, y);
        if (gold is SetBuilderNode left && given is SetBuilderNode right) return Comparison.All("set", [Compare(left.Element, right.Element), Compare(left.Condition, right.Condition)]);
        if (gold is NumberSetNode m && given is NumberSetNode n) return Comparison.Of(m.Name == n.Name, "set");
        return IsScalar(gold) && IsScalar(given) ? Quantities(gold, given) : new Comparison(IsKnown(gold) && IsKnown(given) ? Equality.Different : Equality.Unknown, "kind");
    }

    private static bool IsKnown(Node node) => node is not (TextNode or BoundNode);

    private static bool IsListOfRelations(Node node) => node is SequenceNode { IsList: true } list && list.Items.All(item => item is RelationNode);

    /// <summary>Whether the node stands for one value.</summary>
    public static bool IsScalar(Node node) => node is NumberNode or SymbolNode or SumNode or ProductNode or QuotientNode or PowerNode or NegativeNode or CallNode
        or BoundNode or PercentNode or DegreeNode or QuantityNode or BaseNumeralNode or PlusMinusNode;

    // 8:30 p.m. is 8:30 or 20:30.
    private static Comparison Clock(ClockNode clock, RatioNode ratio) => Comparison.Of(ratio.Terms is [NumberNode hours, NumberNode minutes] && minutes.Value == clock.Minutes
        && (hours.Value == clock.Hours || clock.Half.Length > 0 && hours.Value == clock.HourOfDay), "time");

    private Comparison Ratios(RatioNode a, RatioNode b)
    {
        if (a.Terms.Count != b.Terms.Count) return Comparison.Of(false, "ratio");
        // a : b : c = a' : b' : c' when all cross products with the first terms agree.
        return Comparison.All("ratio", Enumerable.Range(1, a.Terms.Count - 1).Select(i =>
            Comparison.Of(_scalars.Compare(new ProductNode([a.Terms[0], b.Terms[i]]), new ProductNode([b.Terms[0], a.Terms[i]])))));
    }

    private Comparison Congruences(CongruenceNode gold, Node given)
    {
        if (given is not CongruenceNode other) return gold.Left is null ? Residue(given, gold) : new Comparison(Equality.Different, "congruence");
        if (_scalars.RationalValue(gold.Modulus) is not { IsInteger: true, IsZero: false } modulus || _scalars.RationalValue(other.Modulus) is not { IsInteger: true } second) return new Comparison(Equality.Unknown, "congruence");
        if (modulus.Abs() != second.Abs()) return Comparison.Of(false, "congruence");
        if (gold.Left is { } left && other.Left is { } right && _scalars.Compare(left, right).Equality != Equality.Equal) return Comparison.Of(false, "congruence");
        return _scalars.RationalValue(gold.Right) is { } a && _scalars.RationalValue(other.Right) is { } b
            ? Comparison.Of(((a - b) / modulus).IsInteger, "congruence") : Comparison.Of(_scalars.Compare(gold.Right, other.Right));
    }

    // x = 7k + 3 for whole k is x ≡ 3 (mod 7).
    private CongruenceNode? Family(Node node)
    {
        if (node is not RelationNode { IsEquation: true, Operands: [SymbolNode name, { } value] } || SymbolUse.Of(value).Variables.ToArray() is not [var parameter] || parameter == name.Name) return null;
        var values = new BigRational[3];
        for (int k = 0; k < values.Length; k++)
        {
            var whole = new NumberNode(k);
            if (_scalars.RationalValue(Rewriting.Of(value, part => part is SymbolNode symbol && symbol.Name == parameter ? whole : null)) is not { IsInteger: true } at) return null;
            values[k] = at;
        }
        return values[2] - values[1] == values[1] - values[0] && values[1] != values[0] ? new CongruenceNode(name, new NumberNode(values[0]), new NumberNode(values[1] - values[0])) : null;
    }

    private Comparison Residue(Node value, CongruenceNode residue)
    {
        if (_scalars.RationalValue(value) is not { } number || _scalars.RationalValue(residue.Right) is not { } of || _scalars.RationalValue(residue.Modulus) is not { IsZero: false } modulus)
            return new Comparison(Equality.Unknown, "congruence");
        return Comparison.Of(number == of || number == of - modulus * (of / modulus).Floor(), "congruence");
    }

    private Comparison Piecewise(PiecewiseNode a, PiecewiseNode b)
    {
        if (a.Pieces.Count != b.Pieces.Count) return Comparison.Of(false, "piecewise");
        var free = b.Pieces.ToList();
        foreach ((Node value, Node? condition) in a.Pieces)
        {
            int match = free.FindIndex(piece => Compare(value, piece.Value).IsEqual && (condition is null || piece.Condition is null || Compare(condition, piece.Condition).IsEqual));
            if (match < 0) return Comparison.Of(false, "piecewise");
            free.RemoveAt(match);
        }
        return Comparison.Of(true, "piecewise");
    }

    private Comparison SymbolicSets(SetOperationNode a, SetOperationNode b)
    {
        if (a.Operator != b.Operator) return new Comparison(Equality.Unknown, "set");
        if (a.Operator == "\\") return Comparison.All("set", [Compare(a.Left, b.Left), Compare(a.Right, b.Right)]);
        return Matching("set", Operands(a), Operands(b));

        static List<Node> Operands(SetOperationNode node)
        {
            List<Node> operands = node.Left is SetOperationNode left && left.Operator == node.Operator ? Operands(left) : [node.Left];
            operands.AddRange(node.Right is SetOperationNode right && right.Operator == node.Operator ? Operands(right) : [node.Right]);
            return operands;
        }
    }
}
