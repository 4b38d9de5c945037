namespace Distill.Verification.Latex;

/// <summary>
/// Operator-precedence parser of answers. It understands all of a text or nothing: numbers are never mined from what it cannot read.
/// Depth, tokens and nodes are bounded; a text beyond the bounds is not understood.
/// </summary>
internal sealed partial class Parser
{
    private const int DeepestNesting = 64;

    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;
    private bool _failed;

    // Bars that are open, and whether a bar or colon ends the element of a set-builder.
    private int _openBars;
    private bool _barEnds;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_at];

    private TokenKind Kind => _tokens[_at].Kind;

    private Token Peek(int ahead = 1) => _tokens[Math.Min(_at + ahead, _tokens.Count - 1)];

    /// <summary>The parsed answer, or null when it is no formula.</summary>
    /// <param name="text">A formula in LaTeX or plain text.</param>
    /// <param name="groupInBrackets">Whether 1,234 inside brackets is one number and not two.</param>
    public static Node? Parse(string text, bool groupInBrackets = false)
    {
        if (Lexer.Tokenize(text, groupInBrackets) is not { Count: > 1 } tokens) return null;
        var parser = new Parser(tokens) { _at = 0 };
        parser._at = parser.AfterLabel(parser.AfterLastImplication());
        if (!parser.Take(TokenKind.Relation, "=")) parser.Take(TokenKind.Relation, "approx");
        Node node = parser.Statements();
        if (parser.Kind == TokenKind.Infix) node = parser.Infix(node); // a \over b
        return parser._failed || parser.Kind != TokenKind.End ? null : node;
    }

    // "2x = 4 ⟹ x = 2" answers with its last part.
    private int AfterLastImplication()
    {
        int last = _tokens.FindLastIndex(token => token.Kind == TokenKind.Relation && token.Text == "=>");
        return last < 0 ? 0 : last + 1;
    }

    // "Area of ABC = 5", "the answer is 5": the words before are the name of the value.
    private int AfterLabel(int start)
    {
        int at = start;
        bool words = false;
        while (_tokens[at].Kind is TokenKind.Word or TokenKind.Symbol or TokenKind.Prime)
        {
            Token token = _tokens[at++];
            if (token.Kind != TokenKind.Word) continue;
            words = true;
            if (token.Text.ToLowerInvariant() is "is" or "are" or "equals" && _tokens[at].Kind is not (TokenKind.End or TokenKind.Word)) return at;
        }
        if (!words || at + 1 >= _tokens.Count) return start;
        return _tokens[at] is { Kind: TokenKind.Relation, Text: "=" } or { Kind: TokenKind.Colon } ? at + 1 : start;
    }

    private SymbolNode Fail()
    {
        _failed = true;
        _at = _tokens.Count - 1;
        return SymbolNode.Pi;
    }

    private bool Take(TokenKind kind)
    {
        if (Kind != kind) return false;
        _at++;
        return true;
    }

    private bool Take(TokenKind kind, string text)
    {
        if (Kind != kind || Current.Text != text) return false;
        _at++;
        return true;
    }

    private bool TakeWord(string word)
    {
        if (!IsWord(word)) return false;
        _at++;
        return true;
    }

    private bool IsWord(params ReadOnlySpan<string> words) => Kind == TokenKind.Word && words.Contains(Current.Text.ToLowerInvariant());

    // Items with their separators, down to a closing bracket or the end.
    private Node Statements()
    {
        List<Node> items = [];
        List<Connective> separators = [];
        while (true)
        {
            while (IsWord("if", "either", "both", "then", "so", "thus", "therefore", "hence") && items.Count == 0) _at++;
            items.Add(Relation());
            if (_failed) return items[0];
            if (StartsCondition())
            {
                separators.Add(Connective.Comma);
                continue;
            }
            if (TakeSeparator() is not { } separator) break;
            if (Kind is TokenKind.End or TokenKind.Close) break; // a last comma
            separators.Add(separator);
        }
        if (Kind == TokenKind.Word && items.Count > 0) Qualifier(items, separators);
        return Structure(items, separators);
    }

    // x = kπ (k ∈ ℤ)
    private bool StartsCondition() => Current is { Kind: TokenKind.Open, Text: "(" } && Peek().Kind == TokenKind.Symbol && Peek(2) is { Kind: TokenKind.Relation, Text: not "=" };

    private Connective? TakeSeparator()
    {
        Connective? found = null;
        while (true)
        {
            if (Take(TokenKind.Comma)) found ??= Connective.Comma;
            else if (Take(TokenKind.Semicolon)) found = Connective.Semicolon;
            else if (Kind == TokenKind.Logic) found = _tokens[_at++].Text == "or" ? Connective.Or : Connective.And;
            else if (Kind == TokenKind.Ampersand && _tokens.TrueForAll(token => token.Kind != TokenKind.Begin))
            {
                _at++;
                found ??= Connective.And;
            }
            else if (Kind == TokenKind.RowBreak && _tokens.TrueForAll(token => token.Kind != TokenKind.Begin))
            {
                _at++;
                found ??= Connective.Comma;
            }
            else if (found is not null && IsWord("either", "then")) _at++;
            else return found;
        }
    }

    // "… where C is a constant", "… for x > 0": a condition when it is a formula, else left away.
    private void Qualifier(List<Node> items, List<Connective> separators)
    {
        if (!IsWord("for", "where", "with", "when", "if")) return;
        int end = _tokens.Count - 1;
        int start = _at;
        _at++;
        while (IsWord("all", "any", "every", "some", "real", "integer", "integers", "where", "is", "if")) _at++;
        Node condition = Relation();
        if (!_failed && Kind == TokenKind.End && condition is RelationNode)
        {
            items.Add(condition);
            separators.Add(Connective.Comma);
            return;
        }
        _failed = _tokens.GetRange(start, end - start).Exists(token => token.Kind is TokenKind.Number or TokenKind.Relation);
        _at = end;
    }

    // Semicolons part first; then "or" where it parts groups; then commas and "and".
    private static Node Structure(List<Node> items, List<Connective> separators)
    {
        if (items.Count == 1) return items[0];
        if (separators.Contains(Connective.Semicolon)) return Split(items, separators, Connective.Semicolon);
        if (!separators.Contains(Connective.Or)) return new SequenceNode(Bracket.None, Bracket.None, items, separators.Contains(Connective.And) ? Connective.And : Connective.Comma);
        int ors = separators.Count(separator => separator == Connective.Or);
        bool even = ors < separators.Count && items.Count % (ors + 1) == 0 && separators.Index().All(pair => (pair.Item == Connective.Or) == ((pair.Index + 1) % (items.Count / (ors + 1)) == 0));
        return even && items.TrueForAll(item => item is RelationNode) ? Split(items, separators, Connective.Or) : new SequenceNode(Bracket.None, Bracket.None, items, Connective.Or);
    }

    private static SequenceNode Split(List<Node> items, List<Connective> separators, Connective at)
    {
        List<Node> parts = [];
        int start = 0;
        for (int i = 0; i <= separators.Count; i++)
        {
            if (i < separators.Count && separators[i] != at) continue;
            parts.Add(Structure(items.GetRange(start, i + 1 - start), separators.GetRange(start, i - start)));
            start = i + 1;
        }
        return new SequenceNode(Bracket.None, Bracket.None, parts, at);
    }

    private Node Relation()
    {
        if (++_depth > DeepestNesting) return Fail();
        List<Node> operands = [];
        List<string> signs = [];
        if (Kind == TokenKind.Relation && Current.Text is "<" or ">" or "<=" or ">=" or "!=") operands.Add(new SymbolNode("?")); // "≥ 3"
        else operands.Add(SetExpression());
        while (Kind == TokenKind.Relation && Current.Text != "=>")
        {
            string sign = _tokens[_at++].Text;
            if (Kind == TokenKind.Relation && sign is "<" or ">" or "=" && Current.Text is "=") // "< ="
            {
                _at++;
                if (sign != "=") sign += "=";
            }
            signs.Add(sign);
            operands.Add(SetExpression());
        }
        _depth--;
        if (Modulus() is { } modulus) return Congruence(operands, signs, modulus);
        return signs.Count == 0 ? operands[0] : new RelationNode(operands, signs);
    }

    private Node Congruence(List<Node> operands, List<string> signs, Node modulus)
    {
        if (signs.Count == 0) return new CongruenceNode(null, operands[0], modulus);
        return signs.Count == 1 && signs[0] is "equiv" or "=" ? new CongruenceNode(operands[0], operands[1], modulus) : Fail();
    }

    // \pmod{7}, (mod 7), \mod 7
    private Node? Modulus()
    {
        bool bracket = Kind == TokenKind.Open && Peek().Kind == TokenKind.Modulo;
        if (!bracket && Kind != TokenKind.Modulo) return null;
        _at += bracket ? 2 : 1;
        Node modulus = Sum();
        return bracket && !Take(TokenKind.Close) ? Fail() : modulus;
    }

    private Node SetExpression()
    {
        Node left = Ratio();
        while (Kind == TokenKind.SetOperator)
        {
            string sign = _tokens[_at++].Text;
            left = new SetOperationNode(sign, left, Ratio());
        }
        return left;
    }

    private Node Ratio()
    {
        if (Clock() is { } clock) return clock;
        Node first = Sum();
        if (Kind != TokenKind.Colon && !IsWord("to") || _barEnds) return first;
        List<Node> terms = [first];
        while (Take(TokenKind.Colon) || TakeWord("to")) terms.Add(Sum());
        return new RatioNode(terms);
    }

    // 5:30 p.m., 12:05; 5:30 alone may be a ratio.
    private ClockNode? Clock()
    {
        if (Current.Number?.Digits is not { Length: 1 or 2 } hours || Peek().Kind != TokenKind.Colon || Peek(2).Number?.Digits is not { Length: 2 } minutes || Peek(3).Kind == TokenKind.Colon) return null;
        int start = _at;
        _at += 3;
        string half = HalfOfDay();
        if (half.Length > 0 || (minutes[0] == '0' || hours[0] == '0') && Kind is TokenKind.End or TokenKind.Comma) return new ClockNode(int.Parse(hours), int.Parse(minutes), half);
        _at = start;
        return null;
    }

    private string HalfOfDay()
    {
        if (IsWord("noon", "midnight")) return _tokens[_at++].Text is ['n' or 'N', ..] ? "pm" : "am";
        if (IsWord("am", "pm")) return _tokens[_at++].Text.ToLowerInvariant();
        if (Kind != TokenKind.Symbol || Current.Text.ToLowerInvariant() is not ("a" or "p") || Peek() is not { Kind: TokenKind.Symbol, Text: "m" or "M" }) return "";
        string half = Current.Text.ToLowerInvariant() + "m";
        _at += 2;
        return half;
    }

    private Node Sum()
    {
        if (++_depth > DeepestNesting) return Fail();
        List<Node> terms = [];
        bool first = true;
        while (true)
        {
            TokenKind sign = Kind;
            if (sign is TokenKind.Plus or TokenKind.Minus or TokenKind.PlusMinus)
            {
                bool minusFirst = Current.Text == "-";
                _at++;
                Node term = Product();
                terms.Add(sign == TokenKind.Plus ? term : sign == TokenKind.Minus ? Negative(term) : new PlusMinusNode(term, minusFirst));
            }
            else if (first) terms.Add(Product());
            else break;
            first = false;
            if (_failed) return terms[0];
        }
        _depth--;
        if (terms.Count == 1) return terms[0];
        if (terms is [NumberSetNode or SequenceNode { IsList: false }, NegativeNode { Operand: SequenceNode { IsSet: true } left }]) return new SetOperationNode("\\", terms[0], left); // ℝ - {2}
        // A unit behind a sum belongs to all of it.
        return terms[^1] is QuantityNode { Value: { } last, Unit: { } unit } && !terms.SkipLast(1).Any(term => term is QuantityNode)
            ? new QuantityNode(new SumNode([.. terms.SkipLast(1), last]), unit) : new SumNode(terms);
    }

    private static Node Negative(Node operand) => operand switch
    {
        QuantityNode quantity => new QuantityNode(new NegativeNode(quantity.Value), quantity.Unit),
        DegreeNode degree => new DegreeNode(new NegativeNode(degree.Operand)),
        PercentNode percent => new PercentNode(new NegativeNode(percent.Operand)),
        _ => new NegativeNode(operand),
    };
}
