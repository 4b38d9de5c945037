using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

internal sealed partial class Parser
{
    private Node Primary()
    {
        if (_failed) return SymbolNode.Pi;
        if (++_depth > DeepestNesting) return Fail();
        Node node = PrimaryOf(Current);
        _depth--;
        return node;
    }

    private Node PrimaryOf(Token token)
    {
        switch (token.Kind)
        {
            case TokenKind.Number: return (Node?)BaseNumeral() ?? Number();
            case TokenKind.Symbol when token.Text is "a" or "A" && Peek() is { Kind: TokenKind.Word } part && NumberWords.IsPart(part.Text.ToLowerInvariant()): return WordValue(); // a quarter
            case TokenKind.Symbol: return (Node?)BaseNumeral() ?? Symbol();
            case TokenKind.Word: return (Node?)BaseNumeral() ?? WordValue();
            case TokenKind.Open: return (Node?)BaseNumeral() ?? Brackets();
            case TokenKind.Close when token.Text == "]": return Brackets();
            case TokenKind.GroupOpen: return Group();
            case TokenKind.Bar: return Bars();
            case TokenKind.Function: return Function();
            case TokenKind.Begin: return Environment();
            case TokenKind.BigOperator: return BigOperator();
        }
        _at++;
        switch (token.Kind)
        {
            case TokenKind.Fraction: return Fraction();
            case TokenKind.Binomial: return new CallNode("binomial", Argument(), Argument());
            case TokenKind.Root: return Root(token.Text);
            case TokenKind.Currency: return new QuantityNode(Product(), token.Text);
            case TokenKind.NumberSet: return NumberSet(token.Text);
            case TokenKind.EmptySet: return new SequenceNode(Bracket.Curly, Bracket.Curly, []);
            case TokenKind.Dots: return new SymbolNode("…");
            case TokenKind.Accent: return Accent(token.Text);
            default: return Fail();
        }
    }

    // A derivative \frac{d}{dx} is no quotient.
    private Node Fraction()
    {
        Node top = Argument(), bottom = Argument();
        return top is SymbolNode { Name: "d" } && bottom is ProductNode { Factors: [SymbolNode { Name: "d" }, SymbolNode x] } ? new CallNode("@d/d" + x.Name, Product()) : new QuotientNode(top, bottom);
    }

    private NumberNode Number()
    {
        Token token = _tokens[_at++];
        return new NumberNode(token.Number!);
    }

    // One argument of a command: a group, or a single token, of a numeral its first digit.
    private Node Argument()
    {
        if (Current is { Kind: TokenKind.Number, Number.Digits: { Length: > 1 } digits })
        {
            var rest = new WrittenNumber(System.Numerics.BigInteger.Parse(digits[1..]), digits[1..]);
            _tokens[_at] = Current with { Number = rest, SpaceBefore = false };
            return new NumberNode(new WrittenNumber(digits[0] - '0', digits[..1]));
        }
        if (Kind == TokenKind.Symbol) return PlainSymbol();
        return Kind is TokenKind.Number ? Number() : Kind is TokenKind.Minus ? Signed() : Primary();
    }

    private Node Group()
    {
        bool wholeText = _at == 0;
        _at++;
        if (Take(TokenKind.GroupClose)) return wholeText ? new SequenceNode(Bracket.Curly, Bracket.Curly, []) : Fail();
        (int bars, bool barEnds) = (_openBars, _barEnds);
        (_openBars, _barEnds) = (0, wholeText);
        Node inner = Statements();
        if (wholeText && Kind is TokenKind.Bar or TokenKind.Mid or TokenKind.Colon)
        {
            inner = SetBuilder(inner);
            (_openBars, _barEnds) = (bars, barEnds);
            return Take(TokenKind.GroupClose) ? inner : Fail();
        }
        if (Kind == TokenKind.Infix) inner = Infix(inner);
        (_openBars, _barEnds) = (bars, barEnds);
        if (!Take(TokenKind.GroupClose)) return Fail();
        // Plain text writes sets in braces that LaTeX would escape.
        return inner is SequenceNode { IsList: true } list && wholeText ? new SequenceNode(Bracket.Curly, Bracket.Curly, list.Items) : inner;
    }

    // {a \over b}, {n \choose k}
    private Node Infix(Node left)
    {
        string name = _tokens[_at++].Text;
        Node right = Statements();
        return name == "choose" ? new CallNode("binomial", left, right) : new QuotientNode(left, right);
    }

    private Node Root(string sign)
    {
        Node index = new NumberNode(sign switch { "∛" => 3, "∜" => 4, _ => 2 });
        if (sign == "sqrt" && Current is { Kind: TokenKind.Open, Text: "[" } && HasClosingSquare())
        {
            _at++;
            index = Sum();
            if (!Take(TokenKind.Close, "]")) return Fail();
        }
        Node radicand = Kind is TokenKind.Number ? Number() : Argument();
        return new CallNode("root", radicand, index);
    }

    // \sqrt[3]{2} has an index; sqrt[x] hardly ever means one.
    private bool HasClosingSquare()
    {
        for (int i = _at + 1; i < _tokens.Count - 1; i++)
            if (_tokens[i] is { Kind: TokenKind.Close, Text: "]" }) return _tokens[i + 1].Kind is not (TokenKind.End or TokenKind.Plus or TokenKind.Minus or TokenKind.Relation);
        return false;
    }

    private Node Accent(string name)
    {
        Node argument = Argument();
        if (argument is SymbolNode bare && Kind == TokenKind.Underscore) argument = new SymbolNode(bare.Name + Subscript());
        return name switch
        {
            "vec" when argument is ProductNode { Factors: var ends } && ends.All(end => end is SymbolNode) => new SymbolNode("vec " + string.Concat(ends.Select(end => ((SymbolNode)end).Name))), // from A to B
            "vec" or "arc" or "ring" => argument,
            "bar" when argument is ProductNode { Factors: var factors } && factors.All(factor => factor is SymbolNode) => argument, // a segment
            _ when argument is SymbolNode symbol => new SymbolNode($"{symbol.Name}_{name}"),
            _ => new CallNode(name, argument),
        };
    }

    private NumberSetNode NumberSet(string name)
    {
        if (Kind == TokenKind.Caret)
        {
            bool group = Peek().Kind == TokenKind.GroupOpen;
            Token sign = Peek(group ? 2 : 1);
            if (sign.Kind is TokenKind.Plus or TokenKind.Minus or TokenKind.Times)
            {
                _at += group ? 4 : 2;
                name += sign.Kind == TokenKind.Plus ? "+" : sign.Kind == TokenKind.Minus ? "-" : "*";
            }
        }
        if (Kind == TokenKind.Underscore) name += Subscript();
        return new NumberSetNode(name);
    }

    private Node Symbol()
    {
        SymbolNode symbol = PlainSymbol();
        if (symbol.Name is "angle" or "triangle" && Kind is TokenKind.Symbol or TokenKind.Number)
        {
            string name = symbol.Name;
            while (Kind is TokenKind.Symbol or TokenKind.Number && name.Length < 16) name += Kind == TokenKind.Symbol ? PlainSymbol().Name : _tokens[_at++].Number!.Digits;
            return new SymbolNode(name);
        }
        if (symbol.Name is "P" && Probability() is { } probability) return probability;
        return IsApplication(symbol) ? Application(symbol) : symbol;
    }

    // P(A ∩ B), P(A | B), P(X ≥ 2): what is asked for has no value of its own.
    private CallNode? Probability()
    {
        if (Current is not { Kind: TokenKind.Open, Text: "(" }) return null;
        var spelling = new System.Text.StringBuilder();
        bool isEvent = false;
        int at = _at + 1, depth = 1;
        for (; at < _tokens.Count - 1; at++)
        {
            if (_tokens[at].Kind == TokenKind.Open) depth++;
            if (_tokens[at].Kind == TokenKind.Close && --depth == 0) break;
            isEvent |= _tokens[at].Kind is TokenKind.SetOperator or TokenKind.Bar or TokenKind.Mid or TokenKind.Relation;
            spelling.Append(Spelling(_tokens[at]));
        }
        if (!isEvent || depth > 0) return null;
        _at = at + 1;
        return new CallNode("@P", new SymbolNode(spelling.ToString()));
    }

    private SymbolNode PlainSymbol()
    {
        Token token = _tokens[_at++];
        string name = token.Text;
        if (Kind == TokenKind.Underscore) name += Subscript();
        if (name == "a_n" || name.Length > 1) return name switch { "pi" => SymbolNode.Pi, "infinity" => SymbolNode.Infinity, _ => new SymbolNode(name) };
        return name switch { "e" => SymbolNode.E, "i" => SymbolNode.I, _ => new SymbolNode(name) };
    }

    // f(x), not x(x+1)
    private bool IsApplication(SymbolNode symbol)
    {
        if (Current is not { Kind: TokenKind.Open, Text: "(" } || Current.SpaceBefore && !IsFunctionLetter(symbol.Name)) return false;
        string bare = symbol.Name.Split('_', '\'')[0];
        if (!IsFunctionLetter(bare) && bare is not ("P" or "Q" or "p" or "q" or "u" or "v" or "T" or "S" or "R" or "C" or "N" or "A" or "V" or "y" or "phi" or "x" or "s" or "r" or "a" or "b" or "E" or "M" or "L")) return false;
        bool sure = IsFunctionLetter(bare) || symbol.Name.Contains('\'');
        Token inner = Peek();
        return sure || inner.Kind is TokenKind.Symbol or TokenKind.Number && Peek(2) is { Kind: TokenKind.Close } && Peek(3) is { Kind: TokenKind.Relation, Text: "=" };
    }

    private static bool IsFunctionLetter(string name) => name is "f" or "g" or "h" or "F" or "G" or "H" or "f'" or "f''" or "g'";

    private CallNode Application(SymbolNode symbol)
    {
        Node argument = Brackets();
        IReadOnlyList<Node> arguments = argument is SequenceNode { Open: Bracket.Round } tuple ? tuple.Items : [argument];
        return new CallNode("@" + symbol.Name, [.. arguments]);
    }

    private string Subscript()
    {
        _at++;
        if (Kind != TokenKind.GroupOpen) return Kind == TokenKind.End ? "" : "_" + Spelling(_tokens[_at++]);
        var name = new System.Text.StringBuilder("_");
        int depth = 0;
        do
        {
            if (Kind == TokenKind.GroupOpen) depth++;
            else if (Kind == TokenKind.GroupClose) depth--;
            else if (Kind == TokenKind.End)
            {
                Fail();
                return "";
            }
            else name.Append(Spelling(Current));
            _at++;
        }
        while (depth > 0);
        return name.ToString();
    }

    private static string Spelling(Token token) => token.Number is { } number ? number.Digits ?? number.Value.ToString() : token.Text;

    private Node WordValue()
    {
        List<string> words = [];
        int at = _at;
        List<int> ends = [];
        while (_tokens[at].Kind is TokenKind.Word or TokenKind.Logic || words.Count > 0 && _tokens[at].Kind == TokenKind.Minus && _tokens[at + 1].Kind == TokenKind.Word || _tokens[at] is { Kind: TokenKind.Symbol, Text: "a" or "A" } && (words.Count == 0 || NumberWords.IsPart(_tokens[at + 1].Text)))
        {
            if (_tokens[at].Kind != TokenKind.Minus)
            {
                words.Add(_tokens[at].Text.ToLowerInvariant());
                ends.Add(at + 1);
            }
            at++;
        }
        (BigRational value, int used) = NumberWords.Read(words.ToArray());
        if (used == 0) return Fail();
        _at = ends[used - 1];
        return new NumberNode(new WrittenNumber(value, value.IsInteger ? value.ToString() : null));
    }
}
