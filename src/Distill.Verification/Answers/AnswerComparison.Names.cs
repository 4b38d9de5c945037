using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class AnswerComparison
{
    // x = 5 ~ 5, f(x) = E ~ E, x = 5 ~ x = 10/2; not x = 5 ~ y = 5. An empty rule: there are no names.
    private Comparison WithoutNames(Node gold, Node given)
    {
        (string Name, Node Value, Node? Argument)? a = NamedValue(gold), b = NamedValue(given);
        if (a is null && b is null) return new Comparison(Equality.Unknown, "");
        if (a is { } left && b is { } right)
        {
            if (!Compatible(left.Name, right.Name)) return new Comparison(Equality.Different, "name");
            if (left.Argument is not SymbolNode x || right.Argument is not SymbolNode t || x.Name == t.Name) return Compare(left.Value, right.Value);
            if (Mentions(right.Value, x)) return new Comparison(Equality.Different, "name"); // f(t) = x²
            return Compare(left.Value, Rewriting.Of(right.Value, part => part is SymbolNode symbol && symbol.Name == t.Name ? x : null));
        }
        if (a is { } named) return given is RelationNode { IsEquation: true } ? new Comparison(Equality.Unknown, "") : Compare(named.Value, given);
        return gold is RelationNode { IsEquation: true } ? new Comparison(Equality.Unknown, "") : Compare(gold, b!.Value.Value);
    }

    // A function and a variable may stand for the same thing: y = 2x, f(x) = 2x.
    private static bool Compatible(string a, string b) => a == b || a.Length == 0 || b.Length == 0 || a.StartsWith('@') != b.StartsWith('@') || Bare(a) == Bare(b);

    private static string Bare(string name) => name.Replace("_", "", StringComparison.Ordinal);

    /// <summary>Name and value of "x = 5", "f(x) = E", "(x, y) = (1, 2)", "x = 6·9 = 54", "6·9 = 54"; null for other equations.</summary>
    private (string Name, Node Value, Node? Argument)? NamedValue(Node node)
    {
        if (node is RelationNode { Signs: ["in"], Operands: [SymbolNode element, SequenceNode { IsSet: true } set] }) return (element.Name, set, null);
        if (node is SequenceNode { IsList: true, Items: [RelationNode { IsEquation: true } first, ..] } list && list.Items.Skip(1).All(IsScalar) && NamedValue(first) is { } start)
            return (start.Name, new SequenceNode(Bracket.None, Bracket.None, [start.Value, .. list.Items.Skip(1)], list.Connective), null);
        if (node is SequenceNode { IsList: true } values && values.Items.Count > 1 && values.Connective is not Connective.Semicolon && SameName(values) is { } same) return same;
        if (node is not RelationNode relation || !relation.Signs.All(sign => sign is "=" or "approx")) return null;
        IReadOnlyList<Node> operands = relation.Operands;
        string? name = NameOf(operands[0]);
        if (name is not null && Mentions(operands[1], operands[0])) return null;
        if (name is null && operands.Count == 2 && NameOf(operands[1]) is { } reversed && !Mentions(operands[0], operands[1]) && SymbolUse.Of(operands[0]).IsConstant) return (reversed, operands[0], null);
        int firstValue = name is null ? 0 : 1;
        if (name is null && operands is [_, MatrixNode matrix] && IsScalar(operands[0])) return ("", matrix, null); // A^{-1} = …
        // 1 + 2 + … + k = k(k+1)/2
        if (name is null && SymbolUse.Of(operands[0]).Names.Contains("…") && !SymbolUse.Of(operands[^1]).Names.Contains("…")) return ("", operands[^1], null);
        if (name is null && (!IsScalar(operands[0]) || !SymbolUse.Of(operands[0]).IsConstant)) return null;
        Node? argument = operands[0] is CallNode { Arguments: [{ } only] } ? only : null;
        return LastOfChain(relation, firstValue) is { } value ? (name ?? "", value, argument) : null;
    }

    // x = 1 or x = 2 is x = 1, 2.
    private (string, Node, Node?)? SameName(SequenceNode list)
    {
        string? name = null;
        var values = new List<Node>();
        foreach (Node item in list.Items)
        {
            if (item is not RelationNode { IsEquation: true } || NamedValue(item) is not { } named || name is not null && named.Name != name) return null;
            name = named.Name;
            values.Add(named.Value);
        }
        return (name!, new SequenceNode(Bracket.None, Bracket.None, values, list.Connective), null);
    }

    // The last value of a chain whose links are true; an approximate one only when there is no exact one.
    private Node? LastOfChain(RelationNode relation, int firstValue)
    {
        Node value = relation.Operands[firstValue];
        for (int i = firstValue; i < relation.Signs.Count; i++)
        {
            if (relation.Signs[i] == "approx") break;
            Node next = relation.Operands[i + 1];
            // V = πr²h = π·4·6 = 24π: a formula and what was put into it need not be equal.
            if (firstValue == 1 && IsScalar(value) && IsScalar(next) && !SymbolUse.Of(value).IsConstant && SymbolUse.Of(next).IsConstant)
            {
                value = next;
                continue;
            }
            if (!IsScalar(value) || !IsScalar(next) || !Quantities(value, next).IsEqual) return null;
            value = next;
        }
        return value;
    }

    /// <summary>The name on the left of a definition, or null for an expression: x, f(x), |AB|, AB, m + n, (x, y).</summary>
    private static string? NameOf(Node node) => node switch
    {
        SymbolNode { Name: not ("pi" or "e" or "i" or "infinity" or "…") } symbol => symbol.Name,
        CallNode call when call.Name[0] == '@' => call.Name,
        CallNode { Name: "abs" or "det" or "bar" or "max" or "min" or "cos" or "sin" or "tan", Arguments: [{ } inner] } => NameOf(inner) is { } name ? $"|{name}|" : null,
        ProductNode product when product.Factors.All(factor => factor is SymbolNode { Name: not ("pi" or "e" or "i") }) => string.Concat(product.Factors.Select(NameOf)),
        SumNode sum when sum.Terms.All(term => term is SymbolNode or ProductNode) && sum.Terms.All(term => NameOf(term) is not null) => string.Join('+', sum.Terms.Select(NameOf)),
        SequenceNode { Open: Bracket.Round, Close: Bracket.Round } tuple when tuple.Items.All(item => item is SymbolNode) => $"({string.Join(',', tuple.Items.Select(NameOf))})",
        ProductNode { Factors: [SymbolNode function, SequenceNode { Open: Bracket.Round }] } => "@" + function.Name,
        QuotientNode { Numerator: SymbolNode or ProductNode, Denominator: SymbolNode or ProductNode } quotient when NameOf(quotient.Numerator) is { } top && NameOf(quotient.Denominator) is { } bottom && top != "d" && top[0] != 'd' => $"{top}/{bottom}",
        QuotientNode { Numerator: ProductNode { Factors: [SymbolNode { Name: "d" }, SymbolNode y] }, Denominator: ProductNode { Factors: [SymbolNode { Name: "d" }, SymbolNode x] } } => $"d{y.Name}/d{x.Name}",
        _ => null,
    };

    // (x, y) = (1, 2) is x = 1, y = 2.
    private static SequenceNode? Separated(Node node)
    {
        if (node is not RelationNode { IsEquation: true, Operands: [SequenceNode { Open: Bracket.Round } names, SequenceNode { Open: Bracket.Round } values] }) return null;
        if (names.Items.Count != values.Items.Count || !names.Items.All(name => name is SymbolNode)) return null;
        return new SequenceNode(Bracket.None, Bracket.None, [.. names.Items.Zip(values.Items, (name, value) => new RelationNode([name, value], ["="]))]);
    }

    private static bool Mentions(Node value, Node name) => name is SymbolNode symbol && SymbolUse.Of(value).Names.Contains(symbol.Name);
}
