using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Free constants of antiderivatives and differential equations: their names do not count, their number does.</summary>
internal static class IntegrationConstants
{
    /// <summary>The given answer with its constants renamed to those of the reference answer, when both have as many.</summary>
    public static Node Aligned(Node gold, Node given)
    {
        if (gold is not SumNode and not ProductNode || given is not SumNode and not ProductNode) return given;
        List<string> wanted = Of(gold), found = Of(given);
        if (wanted.Count == 0 || wanted.Count != found.Count || wanted.SequenceEqual(found)) return given;
        return Rewriting.Of(given, part => part is SymbolNode symbol && found.IndexOf(symbol.Name) is >= 0 and int index ? new SymbolNode(wanted[index]) : null);
    }

    private static List<string> Of(Node node) => [.. SymbolUse.Of(node).Variables.Where(name => IsConstant(name, node)).Order(StringComparer.Ordinal)];

    private static bool IsConstant(string name, Node node)
    {
        if (name[0] is not ('C' or 'c' or 'K' or 'k') || name.Length > 1 && !name.AsSpan(1).TrimStart('_').ContainsOnlyDigits()) return false;
        return name.Length > 1 || name[0] is 'C' or 'c' or 'K' && node is SumNode sum && sum.Terms.Any(term => term is SymbolNode symbol && symbol.Name == name);
    }

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
}
