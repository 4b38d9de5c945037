namespace Distill.Verification.Latex;

internal sealed partial class Parser
{
    private const int MostCells = 256;

    private Node Brackets()
    {
        Token open = _tokens[_at++];
        if (open.Kind == TokenKind.Open && open.Text is "floor" or "ceil") return Rounding(open.Text);
        if (open.Text == "{" && Kind == TokenKind.Begin) return Braced();
        (int bars, bool barEnds) = (_openBars, _barEnds);
        (_openBars, _barEnds) = (0, open.Text == "{");
        Node node = Kind == TokenKind.Close && open.Text is "{" or "(" or "<" ? Empty(open) : Bracketed(open);
        (_openBars, _barEnds) = (bars, barEnds);
        return node;
    }

    private Node Empty(Token open)
    {
        _at++;
        return open.Text == "{" ? new SequenceNode(Bracket.Curly, Bracket.Curly, []) : Fail();
    }

    private Node Bracketed(Token open)
    {
        Node inner = Statements();
        if (open.Text == "{" && Kind is TokenKind.Bar or TokenKind.Mid or TokenKind.Colon) inner = SetBuilder(inner);
        if (Kind == TokenKind.Infix) inner = Infix(inner);
        bool outward = open.Kind == TokenKind.Close || Current is { Kind: TokenKind.Open, Text: "[" } && open.Text is "[" or "]";
        if (_failed || !(Kind == TokenKind.Close || outward && Current is { Kind: TokenKind.Open, Text: "[" })) return Fail();
        string close = _tokens[_at++].Text;
        if (inner is SetBuilderNode) return inner;
        SequenceNode? list = inner as SequenceNode is { IsList: true, Connective: not Connective.Semicolon } flat ? flat : null;
        if (inner is SequenceNode { IsList: true, Connective: Connective.Semicolon } rows && rows.Items.All(row => row is not SequenceNode)) list = rows;
        if (outward) return list?.Items.Count == 2 ? French(open, close, list) : Fail();
        (Bracket left, Bracket right) = (KindOf(open.Text), KindOf(close));
        if (left == Bracket.Curly != (right == Bracket.Curly)) return Fail();
        if (list is not null) return new SequenceNode(left, right, list.Items);
        if (left == Bracket.Curly) return new SequenceNode(left, right, [inner]);
        return left == Bracket.Angle ? new SequenceNode(left, right, [inner]) : inner;
    }

    // ]a, b[ is (a, b).
    private static SequenceNode French(Token open, string close, SequenceNode list) =>
        new(open.Text == "]" ? Bracket.Round : Bracket.Square, close == "[" ? Bracket.Round : Bracket.Square, list.Items) { Outward = true };

    private static Bracket KindOf(string text) => text switch { "(" or ")" => Bracket.Round, "[" or "]" => Bracket.Square, "{" or "}" => Bracket.Curly, _ => Bracket.Angle };

    private SetBuilderNode SetBuilder(Node element)
    {
        _at++;
        (int bars, bool barEnds) = (_openBars, _barEnds);
        (_openBars, _barEnds) = (0, false);
        Node condition = Statements();
        (_openBars, _barEnds) = (bars, barEnds);
        return new SetBuilderNode(element, condition);
    }

    private Node Rounding(string name)
    {
        Node inner = Sum();
        return Take(TokenKind.Close, name) ? new CallNode(name, inner) : Fail();
    }

    private Node Bars()
    {
        bool doubled = Peek() is { Kind: TokenKind.Bar, SpaceBefore: false } && false;
        _at += doubled ? 2 : 1;
        (int bars, bool barEnds) = (_openBars, _barEnds);
        (_openBars, _barEnds) = (1, false);
        Node inner = Sum();
        (_openBars, _barEnds) = (bars, barEnds);
        if (!Take(TokenKind.Bar)) return Fail();
        return new CallNode(inner is MatrixNode ? "det" : "abs", inner);
    }

    private Node Environment()
    {
        string name = Current.Text;
        Node[][]? rows = Rows(name is "cases" or "dcases" or "rcases");
        if (rows is null) return Fail();
        return name switch
        {
            "cases" or "dcases" or "rcases" => Cases(rows),
            "vmatrix" or "Vmatrix" => new CallNode("det", Matrix(rows)),
            "pmatrix" or "bmatrix" or "Bmatrix" or "matrix" or "smallmatrix" or "psmallmatrix" or "bsmallmatrix" or "array" => Matrix(rows),
            _ => LastEquation(rows),
        };
    }

    // \left\{ \begin{array}{ll} … \end{array} \right.
    private Node Braced()
    {
        Node[][]? rows = Rows(conditions: true);
        if (rows is null) return Fail();
        Take(TokenKind.Close);
        return Cases(rows);
    }

    // aligned formulas: what they come to stands right of the last sign.
    private Node LastEquation(Node[][] rows) => rows is [.., [.., { } last]] ? last : Fail();

    private Node Matrix(Node[][] rows) => rows.Length > 0 && rows.All(row => row.Length == rows[0].Length) ? new MatrixNode(rows) : Fail();

    private static Node Cases(Node[][] rows)
    {
        if (rows.All(row => row.Length == 1)) return rows.Length == 1 ? rows[0][0] : new SequenceNode(Bracket.None, Bracket.None, [.. rows.Select(row => row[0])], Connective.And);
        return new PiecewiseNode([.. rows.Select(row => (row[0], row.Length > 1 && row[1] is not SymbolNode { Name: "otherwise" } ? row[1] : null))]);
    }

    private Node[][]? Rows(bool conditions)
    {
        string name = _tokens[_at++].Text;
        List<Node[]> rows = [];
        List<Node> row = [];
        int cells = 0;
        while (!_failed)
        {
            if (Kind == TokenKind.EndEnvironment) break;
            if (Take(TokenKind.RowBreak))
            {
                if (row.Count > 0) rows.Add([.. row]);
                row.Clear();
                continue;
            }
            if (Take(TokenKind.Ampersand)) continue;
            if (Kind == TokenKind.Word && Current.Text == "hline") _at++;
            if (++cells > MostCells) return null;
            row.Add(conditions ? Case(row) : Relation());
            if (conditions) Take(TokenKind.Comma);
            if (Kind is not (TokenKind.RowBreak or TokenKind.Ampersand or TokenKind.EndEnvironment) && !(conditions && row.Count == 1)) return null;
        }
        if (row.Count > 0) rows.Add([.. row]);
        return !_failed && Take(TokenKind.EndEnvironment, name) ? [.. rows] : null;
    }

    // "n is even": a condition that is no formula.
    private TextNode InWords(int start, int depth)
    {
        (_at, _depth, _failed) = (start, depth, false);
        var words = new System.Text.StringBuilder();
        for (; Kind is not (TokenKind.RowBreak or TokenKind.Ampersand or TokenKind.EndEnvironment or TokenKind.End); _at++) words.Append(Spelling(Current)).Append(' ');
        return new TextNode(words.ToString().TrimEnd(' ', ',', '.'));
    }

    private Node Case(List<Node> row)
    {
        while (IsWord("if", "for", "when", "where", "is", "and")) _at++;
        if (IsWord("otherwise", "else", "elsewhere"))
        {
            _at++;
            return new SymbolNode("otherwise");
        }
        if (row.Count == 0) return Relation();
        (int start, int depth) = (_at, _depth);
        Node first = Relation();
        if (_failed || Kind == TokenKind.Word) return InWords(start, depth);
        List<Node> all = [first];
        Connective? kind = null;
        while (Kind == TokenKind.Logic || Kind == TokenKind.Comma && Peek().Kind is not (TokenKind.RowBreak or TokenKind.EndEnvironment or TokenKind.Ampersand))
        {
            kind = _tokens[_at++].Text == "or" ? Connective.Or : kind ?? Connective.And;
            all.Add(Relation());
        }
        return all.Count == 1 ? first : new SequenceNode(Bracket.None, Bracket.None, all, kind!.Value);
    }
}
