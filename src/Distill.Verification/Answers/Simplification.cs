using System.Numerics;
using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

/// <summary>Brings spelling variants of answers to one: both signs of ± become two values, 1.6·10^3 a numeral, a scaled matrix a matrix.</summary>
internal static class Simplification
{
    private const int LargestPower = 4000;

    /// <summary>The simplified answer.</summary>
    public static Node Of(Node node)
    {
        if (node is SequenceNode { IsList: true } or SequenceNode { IsSet: true } && node is SequenceNode list && list.Items.Any(HasSign))
        {
            var items = list.Items.SelectMany(item => HasSign(item) ? [Signed(item, minus: false), Signed(item, minus: true)] : (Node[])[item]).ToList();
            return Of(new SequenceNode(list.Open, list.Close, items, list.Connective));
        }
        if (node is not SequenceNode && HasSign(node))
            return new SequenceNode(Bracket.None, Bracket.None, [Signed(node, minus: false), Signed(node, minus: true)], node is RelationNode { Signs: ["!="] } ? Connective.And : Connective.Or);
        return node switch
        {
            ProductNode product => OfProduct(product),
            NegativeNode { Operand: NumberNode number } => Negative(number),
            NegativeNode { Operand: SequenceNode { Open: Bracket.Round or Bracket.Angle } tuple } => Map(tuple, item => new NegativeNode(item)),
            NegativeNode { Operand: MatrixNode matrix } => Map(matrix, cell => new NegativeNode(cell)),
            NegativeNode { Operand: ProductNode product } when OfProduct(product) is NumberNode number => Negative(number),
            NegativeNode { Operand: SymbolNode { Name: "infinity" } } => node,
            SumNode { Terms: [SymbolNode { Name: "infinity" }] } => SymbolNode.Infinity,
            QuotientNode { Numerator: MatrixNode matrix } quotient => Map(matrix, cell => new QuotientNode(cell, quotient.Denominator)),
            SequenceNode { IsSet: true, Items: [SequenceNode { IsList: true } inner] } => new SequenceNode(Bracket.Curly, Bracket.Curly, inner.Items),
            SequenceNode { Open: Bracket.Square, Close: Bracket.Square, Items: [{ } only] } => Of(only),
            PowerNode { Base: MatrixNode matrix, Exponent: SymbolNode { Name: "T" or "top" } } => Transposed(matrix),
            _ => node,
        };
    }

    private static NumberNode Negative(NumberNode number) => new(number.Written with { Value = -number.Value, Digits = null });

    private static Node OfProduct(ProductNode product)
    {
        if (product.Factors is [NumberNode { Written: { } mantissa }, PowerNode { Base: NumberNode { Value: { } ten }, Exponent: { } exponent }] && ten == 10 && Whole(exponent) is { } power && Math.Abs(power) <= LargestPower)
        {
            BigRational value = mantissa.Value * new BigRational(10).Power(power);
            int places = (mantissa.DecimalPlaces ?? 0) - power;
            int digits = mantissa.DecimalPlaces is null ? mantissa.Digits?.TrimStart('0').Length ?? 0 : mantissa.SignificantDigits;
            return new NumberNode(new WrittenNumber(value, null, mantissa.Digits is null && mantissa.DecimalPlaces is null ? null : places, digits));
        }
        if (product.Factors.Count > 1 && product.Factors[^1] is SequenceNode { Open: Bracket.Round or Bracket.Angle, Items.Count: > 1 } tuple && product.Factors.SkipLast(1).All(factor => factor is not SequenceNode && SymbolUse.Of(factor).IsConstant))
            return Map(tuple, item => new ProductNode([.. product.Factors.SkipLast(1), item]));
        MatrixNode? matrix = null;
        var scale = new List<Node>();
        foreach (Node factor in product.Factors)
        {
            if (factor is MatrixNode next && matrix is null) matrix = next;
            else scale.Add(factor);
        }
        return matrix is null || scale.Any(factor => factor is MatrixNode) ? product : Map(matrix, cell => new ProductNode([.. scale, cell]));
    }

    private static int? Whole(Node node) => node switch
    {
        NumberNode { Value: { IsInteger: true } value } when BigInteger.Abs(value.Numerator) <= LargestPower => (int)value.Numerator,
        NegativeNode negative => -Whole(negative.Operand),
        _ => null,
    };

    private static SequenceNode Map(SequenceNode tuple, Func<Node, Node> item) => new(tuple.Open, tuple.Close, [.. tuple.Items.Select(item)]);

    private static MatrixNode Map(MatrixNode matrix, Func<Node, Node> cell) => new([.. matrix.Rows.Select(row => row.Select(cell).ToArray())]);

    private static MatrixNode Transposed(MatrixNode matrix) =>
        new([.. Enumerable.Range(0, matrix.Rows[0].Length).Select(column => matrix.Rows.Select(row => row[column]).ToArray())]);

    private static bool HasSign(Node node) => node is PlusMinusNode || Parts.Of(node).Any(HasSign);

    // The expression with the upper signs, or with the lower ones.
    private static Node Signed(Node node, bool minus) => Rewriting.Of(node, part => part is PlusMinusNode sign
        ? minus != sign.MinusFirst ? new NegativeNode(sign.Operand) : sign.Operand : null);
}
