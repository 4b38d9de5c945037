using Distill.Verification.Latex;

namespace Distill.Verification.Mathematics;

internal sealed partial class NormalForm
{
    /// <summary>A polynomial in radicals, π and e as an expression again, or null when other generators occur.</summary>
    public Node? Expression(Polynomial polynomial)
    {
        var terms = new List<Node>();
        foreach ((Monomial monomial, BigRational coefficient) in polynomial.Terms)
        {
            var factors = new List<Node> { new NumberNode(coefficient) };
            foreach ((int id, BigRational exponent) in monomial.Powers)
            {
                Generator generator = Generators[id];
                Node? @base = generator.Kind switch
                {
                    GeneratorKind.Prime => new NumberNode(new BigRational(generator.Prime)),
                    GeneratorKind.Transcendental => generator.Key == "pi" ? SymbolNode.Pi : SymbolNode.E,
                    _ => null,
                };
                if (@base is null) return null;
                factors.Add(new PowerNode(@base, new NumberNode(exponent)));
            }
            terms.Add(factors.Count == 1 ? factors[0] : new ProductNode(factors));
        }
        return terms.Count == 0 ? new NumberNode(0) : terms.Count == 1 ? terms[0] : new SumNode(terms);
    }
}
