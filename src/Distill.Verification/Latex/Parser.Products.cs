using Distill.Verification.Answers;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

internal sealed partial class Parser
{
    private Node Product()
    {
        Node value = Signed();
        List<Node>? factors = null;
        while (!_failed)
        {
            if (Kind == TokenKind.Times)
            {
                _at++;
                Multiply(ref value, ref factors, Signed());
            }
            else if (Kind == TokenKind.Divide)
            {
                _at++;
                value = new QuotientNode(Close(value, ref factors), Divisor());
            }
            else if (Kind == TokenKind.Word || Current is { Kind: TokenKind.Symbol, InText: true } && Units.IsAbbreviation(Current.Text) && IsComplete(value))
            {
                if (Unit(Close(value, ref factors)) is not { } quantity) break;
                value = quantity;
            }
            else if (PlainUnit(value) is { } measured) value = measured;
            else if (Kind == TokenKind.Fraction && IsComplete(value) && FractionUnit(Close(value, ref factors)) is { } quotient) value = quotient;
            else if (Kind == TokenKind.Percent && Peek().Kind is not (TokenKind.Number or TokenKind.Symbol))
            {
                _at++;
                value = new PercentNode(Close(value, ref factors));
            }
            else if (Kind == TokenKind.Currency)
            {
                value = new QuantityNode(Close(value, ref factors), _tokens[_at++].Text);
            }
            else if (StartsFactor())
            {
                bool adjoining = Kind == TokenKind.Number && _tokens[_at - 1].Kind == TokenKind.Number;
                Node next = Power();
                if (factors is null && Mixed(value, next) is { } mixed) value = mixed;
                else if (value is QuantityNode quantity && next is NumberNode) value = Compound(quantity, next);
                else if (adjoining) return Fail(); // 1.2.3
                else Multiply(ref value, ref factors, next);
            }
            else break;
        }
        return Close(value, ref factors);
    }

    // Letters without a space between them divide together: t/RC.
    private Node Divisor()
    {
        bool letter = Current is { Kind: TokenKind.Symbol, InText: false };
        Node first = Signed();
        if (!letter || first is not SymbolNode) return first;
        List<Node> factors = [first];
        while (!_failed && Current is { Kind: TokenKind.Symbol, SpaceBefore: false, InText: false }) factors.Add(Power());
        return factors.Count == 1 ? first : new ProductNode(factors);
    }

    private static void Multiply(ref Node value, ref List<Node>? factors, Node next)
    {
        factors ??= [value];
        factors.Add(next);
    }

    private static Node Close(Node value, ref List<Node>? factors)
    {
        if (factors is null) return value;
        value = new ProductNode(factors);
        factors = null;
        return value;
    }

    // An upright letter after a number is a unit; after a variable it may be another one.
    private static bool IsComplete(Node value) => value switch
    {
        NumberNode or PowerNode { Base: NumberNode } or QuotientNode { Denominator: NumberNode } or PercentNode => true,
        NegativeNode negative => IsComplete(negative.Operand),
        ProductNode product => product.Factors.All(factor => factor is NumberNode or SymbolNode { Name: "pi" } or CallNode or PowerNode { Base: NumberNode or SymbolNode { Name: "pi" } } or SumNode) ,
        CallNode { Name: "root" } or SumNode => true,
        SymbolNode { Name: "pi" } => true,
        _ => false,
    };

    private bool StartsFactor() => Kind switch
    {
        TokenKind.Number or TokenKind.Symbol or TokenKind.Function or TokenKind.Fraction or TokenKind.Root or TokenKind.Binomial or TokenKind.GroupOpen
            or TokenKind.Accent or TokenKind.BigOperator or TokenKind.Begin or TokenKind.NumberSet => true,
        TokenKind.Open => Peek().Kind is not (TokenKind.Modulo or TokenKind.End or TokenKind.SetOperator or TokenKind.Comma or TokenKind.Relation or TokenKind.Logic) && !IsBaseNote() && !StartsCondition(),
        TokenKind.Bar => !_barEnds && _openBars == 0 && Current.Text != "close" || Current.Text == "open",
        _ => false,
    };

    // 3 1/2 and 3\frac{1}{2}; the sign covers both parts.
    private Node? Mixed(Node whole, Node next)
    {
        NumberNode? integer = whole as NumberNode ?? (whole as NegativeNode)?.Operand as NumberNode;
        if (integer?.Written is not { Digits: not null, Grouped: false }) return null;
        if (next is DegreeNode degree) return Mixed(whole, degree.Operand) is { } degrees ? new DegreeNode(degrees) : null;
        Node? fraction = null;
        if (next is QuotientNode { Numerator: NumberNode { Written.Digits: not null } top, Denominator: NumberNode { Written.Digits: not null } bottom } && top.Value < bottom.Value) fraction = next;
        else if (next is NumberNode { Written.Digits: not null } numerator && Kind == TokenKind.Divide && Peek() is { Kind: TokenKind.Number, Number.Digits: not null } denominator
            && numerator.Value < denominator.Number.Value && Peek(2).Kind is not (TokenKind.Symbol or TokenKind.Caret or TokenKind.Factorial))
        {
            _at += 2;
            fraction = new QuotientNode(numerator, new NumberNode(denominator.Number));
        }
        if (fraction is not QuotientNode { Numerator: NumberNode n, Denominator: NumberNode d } || d.Value.IsZero) return null;
        var value = new NumberNode(integer.Value + n.Value / d.Value);
        return whole is NegativeNode ? new NegativeNode(value) : value;
    }

    // 5 hours 30 minutes
    private Node Compound(QuantityNode first, Node next)
    {
        if (Kind == TokenKind.Word && Unit(next) is QuantityNode second && Units.Find(first.Unit) is { } large && Units.Find(second.Unit) is { } small && large.Dimension == small.Dimension)
        {
            var inSmall = new ProductNode([first.Value, new NumberNode(large.Factor / small.Factor)]);
            return new QuantityNode(new SumNode([inSmall, second.Value]), second.Unit);
        }
        return Fail();
    }

    private Node Signed()
    {
        if (Kind is not (TokenKind.Minus or TokenKind.Plus or TokenKind.PlusMinus)) return Power();
        if (++_depth > DeepestNesting) return Fail();
        Token sign = _tokens[_at++];
        Node operand = Signed();
        _depth--;
        return sign.Kind switch
        {
            TokenKind.Plus => operand,
            TokenKind.Minus => Negative(operand),
            _ => new PlusMinusNode(operand, sign.Text == "-"),
        };
    }

    // The words behind a value: a factor (million), a percent, degrees, a unit, or just what is counted.
    private Node? Unit(Node value)
    {
        string word = Current.Text.ToLowerInvariant();
        if (word is "if" or "for" or "where" or "when" or "with" or "otherwise" or "else" or "either" or "is" or "are" or "then" or "so" or "to") return null;
        if (NumberWords.Factor(word) is { } factor)
        {
            _at++;
            return new ProductNode([value, new NumberNode(new BigRational(factor))]);
        }
        if (word is "percent" or "percentage" or "pct" || word == "per" && Peek().Text.Equals("cent", StringComparison.OrdinalIgnoreCase))
        {
            _at += word == "per" ? 2 : 1;
            while (IsWord("point", "points")) _at++;
            return new PercentNode(value);
        }
        if (word == "base" && Peek() is { Kind: TokenKind.Number, Number.Digits: { } digits } && value is NumberNode { Written.Digits: { } numeral } && BaseNumerals.Read(numeral, digits) is { } inBase)
        {
            _at += 2;
            return inBase;
        }
        if (Vocabulary.IsNoUnit(word)) return null;
        string unit = UnitText();
        if (unit.Length == 0) return null;
        return unit.ToLowerInvariant() switch
        {
            "degree" or "degrees" or "deg" => new DegreeNode(value),
            "degrees celsius" or "degree celsius" or "degrees c" or "degrees centigrade" => new QuantityNode(value, "celsius"),
            "degrees fahrenheit" or "degree fahrenheit" or "degrees f" => new QuantityNode(value, "fahrenheit"),
            _ => new QuantityNode(value, unit),
        };
    }

    // Letters that are units behind a number and a space; others are rather variables.
    private const string PlainLetters = "msghLNJWV";

    // 3.0e8 m/s without any upright text: letters at the end that together are a unit with a quotient.
    private QuantityNode? PlainUnit(Node value)
    {
        if (value is not NumberNode || Current is not { Kind: TokenKind.Symbol, SpaceBefore: true, InText: false }) return null;
        var unit = new System.Text.StringBuilder();
        int at = _at;
        for (; _tokens[at].Kind is TokenKind.Symbol or TokenKind.Divide or TokenKind.Caret or TokenKind.Number or TokenKind.Word or TokenKind.GroupOpen or TokenKind.GroupClose; at++)
            if (_tokens[at].Kind is not (TokenKind.GroupOpen or TokenKind.GroupClose)) unit.Append(_tokens[at].Number?.Digits ?? _tokens[at].Text);
        string text = unit.ToString();
        if (_tokens[at].Kind != TokenKind.End || !text.Contains('/') && !(text.Length is 1 or 3 && PlainLetters.Contains(text[0]) && (text.Length == 1 || text[1] == '^')) || Units.Find(text) is null) return null;
        _at = at;
        return new QuantityNode(value, text);
    }

    // 60 \frac{\text{km}}{\text{h}}
    private QuantityNode? FractionUnit(Node value)
    {
        int start = _at;
        if (Peek().Kind == TokenKind.GroupOpen && Peek(2) is { Kind: TokenKind.Word } or { Kind: TokenKind.Symbol, InText: true })
        {
            _at += 2;
            if (UnitText() is { Length: > 0 } top && Take(TokenKind.GroupClose) && Take(TokenKind.GroupOpen) && UnitText() is { Length: > 0 } bottom && Take(TokenKind.GroupClose)) return new QuantityNode(value, $"{top}/{bottom}");
        }
        _at = start;
        return null;
    }

    private string UnitText()
    {
        var unit = new System.Text.StringBuilder();
        while (true)
        {
            if (unit.Length == 0 && IsWord("a", "an", "of") && Peek().Kind == TokenKind.Word) _at++; // half an hour
            else if (Kind == TokenKind.Word && !IsWord("if", "for", "where", "when", "with", "otherwise", "than", "not", "does", "is") || Kind == TokenKind.Symbol && (Current.InText || unit.Length > 0 && (unit[^1] == '/' || unit.ToString() is "sq" or "square" or "cubic" or "cu" or "degrees")))
            {
                if (unit.Length > 0 && char.IsLetterOrDigit(unit[^1])) unit.Append(' ');
                unit.Append(_tokens[_at++].Text);
            }
            else if (Kind == TokenKind.Caret && unit.Length > 0 && RaisedNumber() is { } power) unit.Append('^').Append(power);
            else if (unit.Length > 0 && Kind is TokenKind.Divide or TokenKind.Times && (Peek().Kind == TokenKind.Word || Peek() is { Kind: TokenKind.Symbol, InText: true } || Kind == TokenKind.Divide && Peek().Kind == TokenKind.Symbol))
                unit.Append(_tokens[_at++].Kind == TokenKind.Divide ? '/' : '*');
            else if (unit.Length > 0 && Kind == TokenKind.Minus && Peek().Kind == TokenKind.Word) _at++;
            else return unit.ToString();
        }
    }

    private string? RaisedNumber()
    {
        bool group = Peek().Kind == TokenKind.GroupOpen;
        int at = _at + (group ? 2 : 1);
        string sign = "";
        if (_tokens[Math.Min(at, _tokens.Count - 1)].Kind == TokenKind.Minus)
        {
            sign = "-";
            at++;
        }
        if (at + 1 >= _tokens.Count || _tokens[at] is not { Kind: TokenKind.Number, Number.Digits: { Length: 1 } digits } || group && _tokens[at + 1].Kind != TokenKind.GroupClose) return null;
        _at = at + (group ? 2 : 1);
        return sign + digits;
    }

    private Node Power()
    {
        if (++_depth > DeepestNesting) return Fail();
        Node value = Postfix(Primary());
        while (Kind == TokenKind.Caret && !_failed)
        {
            if (RaisedDegree()) value = Degrees(value);
            else if (RaisedPrimes() is > 0 and int primes && value is SymbolNode { Name: var derived }) value = new SymbolNode(derived + new string('\'', primes));
            else if (Ordinal()) continue;
            else
            {
                _at++;
                Node exponent = Exponent();
                bool inverse = value is SymbolNode { Name: var name } && IsFunctionLetter(name) && exponent is NegativeNode { Operand: NumberNode { Value.IsOne: true } } && Current is { Kind: TokenKind.Open, Text: "(" };
                value = inverse ? Application(new SymbolNode(((SymbolNode)value).Name + "^-1")) : new PowerNode(value, exponent);
            }
            value = Postfix(value);
        }
        _depth--;
        return value;
    }

    private Node Exponent()
    {
        if (Kind is TokenKind.Minus or TokenKind.Plus)
        {
            bool negative = Kind == TokenKind.Minus;
            _at++;
            Node operand = Exponent();
            return negative ? new NegativeNode(operand) : operand;
        }
        if (++_depth > DeepestNesting) return Fail();
        Node exponent = Kind == TokenKind.Prime ? Fail() : Primary();
        // a^b^c is a^(b^c) in plain text.
        if (Kind == TokenKind.Caret)
        {
            _at++;
            exponent = new PowerNode(exponent, Exponent());
        }
        _depth--;
        return exponent;
    }

    private bool RaisedDegree()
    {
        if (Peek().Kind == TokenKind.Degree)
        {
            _at += 2;
            return true;
        }
        if (Peek().Kind != TokenKind.GroupOpen || Peek(2).Kind != TokenKind.Degree || Peek(3).Kind != TokenKind.GroupClose) return false;
        _at += 4;
        return true;
    }

    // y^{\prime}
    private int RaisedPrimes()
    {
        bool group = Peek().Kind == TokenKind.GroupOpen;
        int at = _at + (group ? 2 : 1), count = 0;
        while (at < _tokens.Count && _tokens[at] is { Kind: TokenKind.Symbol, Text: "prime" })
        {
            at++;
            count++;
        }
        if (count == 0 || group && _tokens[at].Kind != TokenKind.GroupClose) return 0;
        _at = group ? at + 1 : at;
        return count;
    }

    // 5^{\text{th}}
    private bool Ordinal()
    {
        bool group = Peek().Kind == TokenKind.GroupOpen;
        Token word = Peek(group ? 2 : 1);
        if (word is not { Kind: TokenKind.Word, Text: "st" or "nd" or "rd" or "th" } || group && Peek(3).Kind != TokenKind.GroupClose) return false;
        _at += group ? 4 : 2;
        return true;
    }

    private Node Postfix(Node value)
    {
        while (!_failed)
        {
            if (Take(TokenKind.Factorial)) value = new CallNode(Take(TokenKind.Factorial) ? "doublefactorial" : "factorial", value);
            else if (Take(TokenKind.Degree)) value = Degrees(value);
            else if (Kind == TokenKind.Prime)
            {
                _at++;
                value = value is SymbolNode symbol ? new SymbolNode(symbol.Name + "'") : value is DegreeNode ? Fail() : new CallNode("prime", value);
            }
            else return value;
        }
        return value;
    }

    private Node Degrees(Node value)
    {
        if (Current is { Kind: TokenKind.Symbol, Text: "C" or "F" or "K", SpaceBefore: false } or { Kind: TokenKind.Symbol, Text: "C" or "F", InText: true })
            return new QuantityNode(value, _tokens[_at++].Text == "F" ? "fahrenheit" : "celsius");
        return IsWord("celsius", "fahrenheit") ? new QuantityNode(value, _tokens[_at++].Text.ToLowerInvariant()) : new DegreeNode(value);
    }
}
