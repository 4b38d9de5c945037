using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

/// <summary>The variables of expressions, those among them that stand for whole numbers, and whether the imaginary unit occurs.</summary>
internal sealed class SymbolUse
{
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);

    private SymbolUse() { }

    public IReadOnlySet<string> Names => _names;

    /// <summary>Names in the order of their spelling, constants apart.</summary>
    public IEnumerable<string> Variables => _names.Where(name => name is not ("pi" or "e" or "i" or "infinity" or "logbase"));

    public HashSet<string> Whole { get; } = [];

    public bool Complex => _names.Contains("i");

    /// <summary>Whether integrals, limits, derivatives or unknown functions occur, which have no value at a point here.</summary>
    public bool Opaque { get; private set; }

    public bool IsConstant => !Variables.Any();

    public static SymbolUse Of(params ReadOnlySpan<Node> nodes)
    {
        var use = new SymbolUse();
        foreach (Node node in nodes) use.Visit(node, whole: false);
        return use;
    }

    private void Visit(Node node, bool whole)
    {
        switch (node)
        {
            case SymbolNode symbol:
                _names.Add(symbol.Name);
                if (whole) Whole.Add(symbol.Name);
                break;
            case CallNode call:
                if (call.Name.StartsWith('@'))
                {
                    _names.Add(call.Name);
                    Opaque = true;
                }
                if (call.Name == "root") Visit(call.Arguments[1], whole: true);
                foreach (Node argument in call.Arguments) Visit(argument, whole || call.Name is "factorial" or "binomial" or "doublefactorial" or "gcd" or "lcm" or "mod");
                break;
            case BoundNode bound:
                Opaque |= bound.Name is not ("sum" or "prod");
                if (bound.From is { } from) Visit(from, whole || bound.Name is "sum" or "prod");
                if (bound.To is { } to) Visit(to, whole || bound.Name is "sum" or "prod");
                var inner = Of(bound.Body);
                foreach (string name in inner._names)
                    if (name != bound.Variable) _names.Add(name);
                break;
            case PowerNode power:
                Visit(power.Base, whole);
                Visit(power.Exponent, whole || power.Base is NegativeNode);
                break;
            default:
                foreach (Node part in Parts.Of(node)) Visit(part, whole);
                break;
        }
    }
}
