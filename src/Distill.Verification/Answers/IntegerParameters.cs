using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Families of solutions, x = π/4 + kπ for whole k: the parameter's name does not count, and what it runs through may be left unsaid.</summary>
internal static class IntegerParameters
{
    /// <summary>Both answers without "k ∈ ℤ", the given one in the parameter of the reference answer.</summary>
    public static (Node Gold, Node Given) Aligned(Node gold, Node given)
    {
        (Node left, string? wanted) = Parted(gold);
        (Node right, string? found) = Parted(given);
        if (wanted is null && found is null) return (gold, given);
        found ??= Unsaid(left, right, wanted!);
        if (wanted is not null && found is not null && wanted != found)
            right = Rewriting.Of(right, part => part is SymbolNode symbol && symbol.Name == found ? new SymbolNode(wanted) : null);
        return (left, right);
    }

    // "x = π/4 + nπ" without "n ∈ ℤ"
    private static string? Unsaid(Node gold, Node given, string wanted)
    {
        string[] others = [.. SymbolUse.Of(given).Variables.Except(SymbolUse.Of(gold).Variables)];
        return others is ["k" or "n" or "m" or "l"] && !SymbolUse.Of(given).Variables.Contains(wanted) ? others[0] : null;
    }

    private static (Node Family, string? Parameter) Parted(Node node)
    {
        if (node is not SequenceNode { IsList: true, Items: { Count: > 1 } items } list) return (node, null);
        if (items[^1] is not RelationNode { Signs: ["in"], Operands: [SymbolNode parameter, NumberSetNode { Name: "Z" or "N" or "N*" or "N+" or "Z+" } or SymbolNode { Name: "Z" or "N" }] }) return (node, null);
        return (items.Count == 2 ? items[0] : new SequenceNode(Bracket.None, Bracket.None, [.. items.SkipLast(1)], list.Connective), parameter.Name);
    }
}
