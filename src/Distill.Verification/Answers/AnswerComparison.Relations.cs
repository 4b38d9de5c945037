using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class AnswerComparison
{
    // Both as sets of real numbers, or null when one is none.
    private Comparison? Sets(Node gold, Node given)
    {
        var left = new RealSets(_scalars, budget);
        var right = new RealSets(_scalars, budget);
        if (left.Read(gold) is not { } a || right.Read(given) is not { } b) return null;
        if (left.Variable is { } x && right.Variable is { } y && x != y && x != "?" && y != "?") return new Comparison(Equality.Different, "name");
        return left.AreEqual(a, b) is { } equal ? Comparison.Of(equal, "interval") : null;
    }

    private Comparison? Relations(Node gold, Node given)
    {
        if (gold is RelationNode { Signs.Count: 1 } a && given is RelationNode { Signs.Count: 1 } b && IsEquals(a.Signs[0]) && IsEquals(b.Signs[0])) return Equations(a, b);
        if (gold is RelationNode { Signs: [{ } x] } left && given is RelationNode { Signs: [{ } y] } right && x == y && x is not ("<" or ">" or "<=" or ">=" or "!="))
            return Comparison.All("relation", [Compare(left.Operands[0], right.Operands[0]), Compare(left.Operands[1], right.Operands[1])]);
        if (Atoms(gold) is { } goldAtoms && Atoms(given) is { } givenAtoms && (goldAtoms.Exists(atom => atom.Sign != "=") || goldAtoms.Count > 1)) return Conditions(goldAtoms, givenAtoms);
        return null;
    }

    private static bool IsEquals(string sign) => sign is "=" or "approx";

    private Comparison Equations(RelationNode a, RelationNode b)
    {
        Node[] sides = [a.Operands[0], a.Operands[1], b.Operands[0], b.Operands[1]];
        if (!sides.All(IsScalar)) return Comparison.All("equation", [Compare(sides[0], sides[2]), Compare(sides[1], sides[3])]);
        SymbolUse first = SymbolUse.Of(sides[0], sides[1]), second = SymbolUse.Of(sides[2], sides[3]);
        if (first.IsConstant && second.IsConstant)
        {
            // A statement: both sides count, 3 = 3 does not follow from 4 = 4.
            Comparison straight = Comparison.All("statement", [Quantities(sides[0], sides[2]), Quantities(sides[1], sides[3])]);
            return straight.IsEqual ? straight : Comparison.All("statement", [Quantities(sides[0], sides[3]), Quantities(sides[1], sides[2])]);
        }
        if (!first.Variables.SequenceEqual(second.Variables)) return new Comparison(Equality.Different, "equation");
        (Equality equality, Method method) = _scalars.CompareUpToFactor(Difference(sides[0], sides[1]), Difference(sides[2], sides[3]), positive: false);
        if (equality == Equality.Unknown && Quantities(sides[0], sides[2]).IsEqual && Quantities(sides[1], sides[3]).IsEqual) equality = Equality.Equal;
        return new Comparison(equality, method == Method.Numeric ? "equation_numeric" : "equation");
    }

    private static SumNode Difference(Node left, Node right) => new([left, new NegativeNode(right)]);

    // The single relations of a chain or list, all of them pointing the same way.
    private static List<(Node Difference, string Sign)>? Atoms(Node node)
    {
        var atoms = new List<(Node, string)>();
        IReadOnlyList<Node> relations = node is SequenceNode { IsList: true, Connective: not Connective.Or } list ? list.Items : [node];
        foreach (Node item in relations)
        {
            if (item is not RelationNode relation || !relation.Operands.All(IsScalar)) return null;
            for (int i = 0; i < relation.Signs.Count; i++)
            {
                (Node left, string sign, Node right) = (relation.Operands[i], relation.Signs[i], relation.Operands[i + 1]);
                if (sign is ">" or ">=") (left, sign, right) = (right, sign == ">" ? "<" : "<=", left);
                if (sign is not ("<" or "<=" or "=" or "!=")) return null;
                atoms.Add((Difference(left, right), sign));
            }
        }
        return atoms;
    }

    private Comparison Conditions(List<(Node Difference, string Sign)> gold, List<(Node Difference, string Sign)> given)
    {
        if (gold.Count != given.Count) return new Comparison(Equality.Different, "inequality");
        var free = given.ToList();
        foreach ((Node difference, string sign) in gold)
        {
            int match = free.FindIndex(atom => atom.Sign == sign && _scalars.CompareUpToFactor(difference, atom.Difference, positive: sign is "<" or "<=").Equality == Equality.Equal);
            if (match < 0) return new Comparison(Equality.Different, "inequality");
            free.RemoveAt(match);
        }
        return new Comparison(Equality.Equal, "inequality");
    }
}
