using Distill.Verification.Latex;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Answers;

internal sealed partial class AnswerComparison
{
    private static readonly string[][] UnitVectors = [["i_hat", "j_hat", "k_hat"], ["i", "j", "k"]];

    private Comparison Matrices(MatrixNode a, MatrixNode b)
    {
        if (a.Rows.Length != b.Rows.Length || a.Rows[0].Length != b.Rows[0].Length) return Comparison.Of(false, "matrix");
        return Comparison.All("matrix", a.Rows.Zip(b.Rows).SelectMany(rows => rows.First.Zip(rows.Second)).Select(cells => Compare(cells.First, cells.Second)));
    }

    // A vector may be written as a column, a row or a tuple, a matrix as a list of its rows.
    private Comparison Vectors(MatrixNode matrix, SequenceNode sequence, bool swapped = false)
    {
        if (OfRows(sequence) is { } rows) return swapped ? Matrices(rows, matrix) : Matrices(matrix, rows);
        Node[]? cells = matrix.Rows.Length == 1 ? matrix.Rows[0] : matrix.Rows.All(row => row.Length == 1) ? [.. matrix.Rows.Select(row => row[0])] : null;
        if (cells is null || cells.Length != sequence.Items.Count || sequence.IsSet) return Comparison.Of(false, "matrix");
        return Comparison.All("matrix", cells.Zip(sequence.Items).Select(pair => swapped ? Compare(pair.Second, pair.First) : Compare(pair.First, pair.Second)));
    }

    // [[1, 2], [3, 4]]
    private static MatrixNode? OfRows(SequenceNode sequence)
    {
        if (sequence is not { Open: Bracket.Square or Bracket.Round, Items.Count: > 1 }) return null;
        SequenceNode[] rows = [.. sequence.Items.OfType<SequenceNode>().Where(row => row is { Open: Bracket.Square or Bracket.Round })];
        return rows.Length == sequence.Items.Count && rows.All(row => row.Items.Count == rows[0].Items.Count) ? new MatrixNode([.. rows.Select(row => row.Items.ToArray())]) : null;
    }

    /// <summary>The tuple of a sum of multiples of unit vectors, 2i - 3j + k, of a point's name and place, A(2, 3), or null.</summary>
    private static SequenceNode? AsTuple(Node node, int dimension)
    {
        if (node is ProductNode { Factors: [SymbolNode { Name: [>= 'A' and <= 'Z', ..] }, SequenceNode { Open: Bracket.Round } place] }) return place;
        if (node is CallNode { Name: "binomial" } column && dimension == 2) return new SequenceNode(Bracket.Angle, Bracket.Angle, column.Arguments);
        if (node is not (SumNode or ProductNode or NegativeNode or SymbolNode or QuotientNode) || dimension is not (2 or 3)) return null;
        IReadOnlyList<Node> terms = node is SumNode sum ? sum.Terms : [node];
        foreach (string[] units in UnitVectors)
        {
            var components = new List<Node>[3];
            for (int axis = 0; axis < 3; axis++) components[axis] = [];
            if (!terms.All(term => AddTo(components, term, units)) || components[2].Count > 0 && dimension == 2) continue;
            return new SequenceNode(Bracket.Angle, Bracket.Angle, [.. components.Take(dimension).Select(Total)]);
        }
        return null;
    }

    private static Node Total(List<Node> terms) => terms.Count switch { 0 => new NumberNode(0), 1 => terms[0], _ => new SumNode(terms) };

    private static bool AddTo(List<Node>[] components, Node term, string[] units)
    {
        IReadOnlySet<string> names = SymbolUse.Of(term).Names;
        int axis = Array.FindIndex(units, names.Contains);
        if (axis < 0 || Array.FindLastIndex(units, names.Contains) != axis) return false;
        components[axis].Add(Rewriting.Of(term, part => part is SymbolNode symbol && symbol.Name == units[axis] ? new NumberNode(1) : null));
        return true;
    }

    // î is as good as i.
    private static Node WithoutHats(Node node) => Rewriting.Of(node, part => part is SymbolNode { Name: "i_hat" or "j_hat" or "k_hat" } symbol ? symbol.Name == "i_hat" ? SymbolNode.I : new SymbolNode(symbol.Name[..1]) : null);

    private static bool HasHats(Node node) => SymbolUse.Of(node).Names.Overlaps(UnitVectors[0]);

    // C(10, 3)
    private static CallNode? AsBinomial(Node node) =>
        node is ProductNode { Factors: [SymbolNode { Name: "C" }, SequenceNode { Open: Bracket.Round, Items: [{ } n, { } k] }] } ? new CallNode("binomial", n, k) : null;
}
