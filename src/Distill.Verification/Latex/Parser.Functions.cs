namespace Distill.Verification.Latex;

internal sealed partial class Parser
{
    private Node Function()
    {
        string name = _tokens[_at++].Text;
        Node? power = null, index = null;
        while (!_failed)
        {
            if (Kind == TokenKind.Caret && power is null && !(Peek() is { Kind: TokenKind.Degree }))
            {
                _at++;
                power = Exponent();
            }
            else if (Kind == TokenKind.Underscore && index is null)
            {
                _at++;
                index = Kind is TokenKind.Number ? Number() : Argument();
            }
            else break;
        }
        if (power is NegativeNode { Operand: NumberNode { Value.IsOne: true } } && Inverse(name) is { } inverse) (name, power) = (inverse, null);
        if (Kind == TokenKind.Prime) return Fail();
        IReadOnlyList<Node> arguments = Arguments(name);
        if (_failed) return SymbolNode.Pi;
        Node call = Call(name, index, arguments);
        return power is null ? call : new PowerNode(call, power);
    }

    private static string? Inverse(string name) => name is "sin" or "cos" or "tan" or "cot" or "sec" or "csc" or "sinh" or "cosh" or "tanh" ? "arc" + name : null;

    private Node Call(string name, Node? index, IReadOnlyList<Node> arguments) => name switch
    {
        "log" => new CallNode("log", arguments[0], index ?? (arguments.Count == 2 ? arguments[1] : new SymbolNode("logbase"))),
        "ln" => new CallNode("log", arguments[0], SymbolNode.E),
        "lg" => new CallNode("log", arguments[0], index ?? new NumberNode(10)),
        "exp" => new PowerNode(SymbolNode.E, arguments[0]),
        "cbrt" => new CallNode("root", arguments[0], new NumberNode(3)),
        "sqrt" => new CallNode("root", arguments[0], new NumberNode(2)),
        "cis" => new SumNode([new CallNode("cos", arguments[0]), new ProductNode([SymbolNode.I, new CallNode("sin", arguments[0])])]),
        "binomial" when arguments.Count == 2 => new CallNode("binomial", arguments[0], arguments[1]),
        _ when index is not null => Fail(),
        _ => new CallNode(name, [.. arguments]),
    };

    private IReadOnlyList<Node> Arguments(string name)
    {
        if (Kind == TokenKind.Open && Current.Text is "(" or "[" or "{" or "<")
        {
            bool curly = Current.Text == "{";
            Node inner = Postfix(Brackets());
            if (inner is SequenceNode { Open: Bracket.Round or Bracket.Square, Connective: not Connective.Semicolon } tuple) return tuple.Items;
            return curly && inner is SequenceNode { IsSet: true } set ? set.Items : [inner];
        }
        if (Kind is TokenKind.Bar) return [Bars()];
        return [Argument(name)];
    }

    // \sin 2x reads a product; \sin x \cos x is a product of two functions.
    private Node Argument(string name)
    {
        if (++_depth > DeepestNesting) return Fail();
        bool negative = Take(TokenKind.Minus);
        List<Node> factors = [Power()];
        while (!_failed && StartsFactor() && Kind is not (TokenKind.Function or TokenKind.BigOperator or TokenKind.Begin or TokenKind.Bar)
            && !(Kind == TokenKind.Open && factors[^1] is not NumberNode) && !(Kind == TokenKind.Number && factors[^1] is NumberNode))
            factors.Add(Power());
        Node argument = factors.Count == 1 ? factors[0] : new ProductNode(factors);
        bool angle = name.Length >= 3 && name is not ("log" or "exp") && factors[^1] is SymbolNode;
        if (angle && Kind == TokenKind.Divide && Peek().Kind == TokenKind.Number && Peek(2).Kind != TokenKind.Symbol)
        {
            _at++;
            argument = new QuotientNode(argument, Power());
        }
        _depth--;
        return negative ? new NegativeNode(argument) : argument;
    }

    // \sum_{k=1}^{n}, \prod, \int_a^b, \lim_{x \to 0}
    private Node BigOperator()
    {
        string name = _tokens[_at++].Text;
        Node? below = null, above = null;
        while (!_failed && Kind is TokenKind.Underscore or TokenKind.Caret)
        {
            bool lower = Kind == TokenKind.Underscore;
            _at++;
            if (lower) below = Below();
            else above = Exponent();
        }
        if (_failed) return SymbolNode.Pi;
        Node body = name is "int" ? Sum() : Product();
        if (below is RelationNode { Signs: ["=" or "to"], Operands: [SymbolNode variable, { } from] })
        {
            // A bound variable has no name to the outside; an index i is no imaginary unit.
            var bound = new SymbolNode("·" + Binders(body));
            return new BoundNode(name, bound.Name, from, above, Rewriting.Of(body, part => part is SymbolNode symbol && symbol.Name == variable.Name ? bound : null));
        }
        return name == "int" ? new BoundNode(name, "", below, above, body) : Fail();
    }

    // How many variables are bound within.
    private static int Binders(Node node) => node is BoundNode bound ? 1 + Binders(bound.Body) : Parts.Of(node).Select(Binders).DefaultIfEmpty().Max();

    private Node Below()
    {
        if (!Take(TokenKind.GroupOpen)) return Argument();
        Node inner = Relation();
        return Take(TokenKind.GroupClose) ? inner : Fail();
    }

    // 1010_2, (1A3)_{16}, \text{BE}_{16}
    private BaseNumeralNode? BaseNumeral()
    {
        int at = _at;
        bool bracket = _tokens[at] is { Kind: TokenKind.Open, Text: "(" };
        if (bracket) at++;
        int first = at;
        var digits = new System.Text.StringBuilder();
        while (at < _tokens.Count && (at == first || !_tokens[at].SpaceBefore) && digits.Length <= 256)
        {
            Token token = _tokens[at];
            if (token.Number?.Digits is { } run) digits.Append(run);
            else if (token.Kind is TokenKind.Symbol or TokenKind.Word && token.Text.All(char.IsAsciiLetterUpper)) digits.Append(token.Text);
            else break;
            at++;
        }
        if (at == first) return null;
        if (bracket && _tokens[at++].Kind != TokenKind.Close) return null;
        bool lettersOnly = !digits.ToString().Any(char.IsAsciiDigit);
        if (lettersOnly && digits.Length < 2) return null;
        (int radix, int after) = BaseAt(at);
        if (radix == 0 || lettersOnly && radix <= 10 || BaseNumerals.Read(digits.ToString(), radix) is not { } numeral) return null;
        _at = after;
        return numeral;
    }

    private (int Base, int After) BaseAt(int at)
    {
        if (_tokens[at].Kind == TokenKind.Underscore)
        {
            at++;
            bool group = _tokens[at].Kind == TokenKind.GroupOpen;
            if (group) at++;
            while (_tokens[at] is { Kind: TokenKind.Word, Text: "base" } or { Kind: TokenKind.Open, Text: "(" }) at++;
            int @base = BaseOf(_tokens[at]);
            if (@base == 0) return default;
            at++;
            if (group && _tokens[at].Kind == TokenKind.Close) at++;
            return !group || _tokens[at].Kind == TokenKind.GroupClose ? (@base, group ? at + 1 : at) : default;
        }
        return _tokens[at].Kind == TokenKind.Open && _tokens[at + 1] is { Kind: TokenKind.Word, Text: "base" } && BaseOf(_tokens[at + 2]) is > 0 and int noted
            && _tokens[at + 3].Kind == TokenKind.Close ? (noted, at + 4) : default;
    }

    private static int BaseOf(Token token)
    {
        if (token.Number?.Digits is { Length: 1 or 2 } digits) return int.Parse(digits);
        if (token.Kind != TokenKind.Word) return 0;
        (Mathematics.BigRational value, int used) = NumberWords.Read([token.Text.ToLowerInvariant()]);
        return used == 1 && value < 37 ? (int)value.Numerator : 0;
    }

    // 1010 (base 2)
    private bool IsBaseNote() => Peek() is { Kind: TokenKind.Word, Text: "base" };
}
