namespace Distill.Verification.Latex;

/// <summary>Replaces parts of expressions.</summary>
internal static class Rewriting
{
    /// <summary>The node with every part for which <paramref name="replace"/> gives one replaced, from the inside out.</summary>
    public static Node Of(Node node, Func<Node, Node?> replace)
    {
        Node rebuilt = node switch
        {
            SumNode sum => new SumNode(All(sum.Terms)),
            ProductNode product => new ProductNode(All(product.Factors)),
            QuotientNode quotient => new QuotientNode(Of(quotient.Numerator, replace), Of(quotient.Denominator, replace)),
            PowerNode power => new PowerNode(Of(power.Base, replace), Of(power.Exponent, replace)),
            NegativeNode negative => new NegativeNode(Of(negative.Operand, replace)),
            PlusMinusNode sign => new PlusMinusNode(Of(sign.Operand, replace), sign.MinusFirst),
            CallNode call => new CallNode(call.Name, All(call.Arguments)),
            BoundNode bound => new BoundNode(bound.Name, bound.Variable, bound.From is { } from ? Of(from, replace) : null, bound.To is { } to ? Of(to, replace) : null, Of(bound.Body, replace)),
            PercentNode percent => new PercentNode(Of(percent.Operand, replace)),
            DegreeNode degree => new DegreeNode(Of(degree.Operand, replace)),
            QuantityNode quantity => new QuantityNode(Of(quantity.Value, replace), quantity.Unit),
            SequenceNode sequence => new SequenceNode(sequence.Open, sequence.Close, All(sequence.Items), sequence.Connective) { Outward = sequence.Outward },
            RelationNode relation => new RelationNode(All(relation.Operands), relation.Signs),
            SetOperationNode operation => new SetOperationNode(operation.Operator, Of(operation.Left, replace), Of(operation.Right, replace)),
            SetBuilderNode builder => new SetBuilderNode(Of(builder.Element, replace), Of(builder.Condition, replace)),
            MatrixNode matrix => new MatrixNode([.. matrix.Rows.Select(row => All(row))]),
            PiecewiseNode piecewise => new PiecewiseNode([.. piecewise.Pieces.Select(piece => (Of(piece.Value, replace), piece.Condition is { } condition ? Of(condition, replace) : null))]),
            CongruenceNode congruence => new CongruenceNode(congruence.Left is { } left ? Of(left, replace) : null, Of(congruence.Right, replace), Of(congruence.Modulus, replace)),
            RatioNode ratio => new RatioNode(All(ratio.Terms)),
            _ => node,
        };
        return replace(rebuilt) ?? rebuilt;

        Node[] All(IReadOnlyList<Node> nodes) => [.. nodes.Select(part => Of(part, replace))];
    }
}
