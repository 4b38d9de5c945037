namespace Distill.Verification.Latex;

/// <summary>The parts of a node.</summary>
internal static class Parts
{
    public static IEnumerable<Node> Of(Node node) => node switch
    {
        SumNode sum => sum.Terms,
        ProductNode product => product.Factors,
        QuotientNode quotient => [quotient.Numerator, quotient.Denominator],
        PowerNode power => [power.Base, power.Exponent],
        NegativeNode negative => [negative.Operand],
        PlusMinusNode sign => [sign.Operand],
        CallNode call => call.Arguments,
        BoundNode bound => Present(bound.From, bound.To, bound.Body),
        PercentNode percent => [percent.Operand],
        DegreeNode degree => [degree.Operand],
        QuantityNode quantity => [quantity.Value],
        SequenceNode sequence => sequence.Items,
        RelationNode relation => relation.Operands,
        SetOperationNode operation => [operation.Left, operation.Right],
        SetBuilderNode builder => [builder.Element, builder.Condition],
        MatrixNode matrix => matrix.Rows.SelectMany(row => row),
        PiecewiseNode piecewise => piecewise.Pieces.SelectMany(piece => Present(piece.Value, piece.Condition)),
        CongruenceNode congruence => Present(congruence.Left, congruence.Right, congruence.Modulus),
        RatioNode ratio => ratio.Terms,
        _ => [],
    };

    private static IEnumerable<Node> Present(params Node?[] nodes) => nodes.OfType<Node>();
}
