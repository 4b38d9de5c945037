using System.Globalization;

namespace Distill.Chat.Jinja;

/// <summary>Parses expressions, with Jinja's own precedence of operators.</summary>
/// <param name="tokens">The template's tokens.</param>
internal class JinjaExpressionParser(IReadOnlyList<JinjaToken> tokens)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>Position of the next token.</summary>
    protected int Position { get; set; }

    /// <summary>The next token.</summary>
    protected JinjaToken Current => tokens[Position];

    /// <summary><c>a if b else c</c> and everything that binds more tightly.</summary>
    protected JinjaExpression ParseExpression(bool allowConditional = true)
    {
        JinjaRun.EnsureStack();
        JinjaExpression value = ParseOr();
        while (allowConditional && TakeName("if"))
        {
            JinjaExpression condition = ParseOr();
            value = new JinjaConditional(Current.Line, condition, value, TakeName("else") ? ParseExpression() : null);
        }
        return value;
    }

    /// <summary>Expressions with commas between them: one alone is itself, several are a tuple.</summary>
    protected JinjaExpression ParseTuple(bool allowConditional = true)
    {
        int line = Current.Line;
        JinjaExpression first = ParseExpression(allowConditional);
        if (!IsSymbol(",")) return first;
        var items = new List<JinjaExpression> { first };
        while (TakeSymbol(",") && !EndsTuple()) items.Add(ParseExpression(allowConditional));
        return new JinjaListLiteral(line, items, isTuple: true);
    }

    /// <summary>What <c>set</c> and <c>for</c> assign to.</summary>
    protected JinjaExpression ParseTarget(bool allowMembers)
    {
        int line = Current.Line;
        var targets = new List<JinjaExpression>();
        do
        {
            if (targets.Count > 0 && EndsTuple()) break;
            if (TakeSymbol("("))
            {
                targets.Add(ParseTarget(allowMembers));
                Expect(")");
                continue;
            }
            JinjaExpression target = new JinjaName(Current.Line, ExpectName());
            if (allowMembers && TakeSymbol(".")) target = new JinjaAttribute(line, target, ExpectName());
            targets.Add(target);
        }
        while (TakeSymbol(","));
        return targets.Count == 1 && !IsSymbolBefore(",") ? targets[0] : new JinjaListLiteral(line, targets, isTuple: true);
    }

    /// <summary><c>filter(arguments)</c> over a value.</summary>
    protected JinjaFilterExpression ParseFilter(JinjaExpression value, int line)
    {
        string name = ExpectName();
        return new JinjaFilterExpression(line, value, JinjaFilters.Find(name) ?? throw Error($"unknown filter `{name}`", line), ParseArgumentsIfAny());
    }

    /// <summary><c>| filter(arguments)</c> and <c>is test</c>, any number of times.</summary>
    protected JinjaExpression ParseFilters(JinjaExpression value)
    {
        while (true)
        {
            int line = Current.Line;
            if (TakeSymbol("|"))
            {
                value = ParseFilter(value, line);
            }
            else if (TakeName("is"))
            {
                bool negated = TakeName("not");
                string name = Current.Kind == JinjaTokenKind.Symbol && JinjaTests.Find(Current.Text) is not null ? tokens[Position++].Text : ExpectName();
                Func<object?, JinjaCall, bool> test = JinjaTests.Find(name) ?? throw Error($"unknown test `{name}`", line);
                value = new JinjaTestExpression(line, value, test, ParseTestArguments());
                if (negated) value = new JinjaNot(line, value);
            }
            else if (IsSymbol("("))
            {
                value = new JinjaCallExpression(line, value, ParseArgumentsIfAny());
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Takes the next token when it is this symbol.</summary>
    protected bool TakeSymbol(string symbol)
    {
        if (!IsSymbol(symbol)) return false;
        Position++;
        return true;
    }

    /// <summary>Takes the next token when it is this name.</summary>
    protected bool TakeName(string name)
    {
        if (!IsName(name)) return false;
        Position++;
        return true;
    }

    /// <summary>Whether the next token is this name.</summary>
    protected bool IsName(string name) => Current.Kind == JinjaTokenKind.Name && Current.Text == name;

    /// <summary>Whether the next token is this symbol.</summary>
    protected bool IsSymbol(string symbol) => Current.Kind == JinjaTokenKind.Symbol && Current.Text == symbol;

    /// <summary>Takes a name.</summary>
    /// <exception cref="JinjaError">The next token is something else.</exception>
    protected string ExpectName() => Current.Kind == JinjaTokenKind.Name ? tokens[Position++].Text : throw Error($"a name is expected, not {Describe()}");

    /// <summary>Takes a symbol.</summary>
    /// <exception cref="JinjaError">The next token is something else.</exception>
    protected void Expect(string symbol)
    {
        if (!TakeSymbol(symbol)) throw Error($"`{symbol}` is expected, not {Describe()}");
    }

    /// <summary>The next token, for messages.</summary>
    protected string Describe() => Current.Kind switch
    {
        JinjaTokenKind.End => "the end of the template",
        JinjaTokenKind.ExpressionEnd => "`}}`",
        JinjaTokenKind.StatementEnd => "`%}`",
        JinjaTokenKind.String => "a text",
        _ => $"`{Current.Text}`",
    };

    /// <summary>An error at the next token, or at <paramref name="line"/>.</summary>
    protected JinjaError Error(string message, int line = 0) => new(message, line > 0 ? line : Current.Line);

    private JinjaExpression ParseOr()
    {
        JinjaExpression left = ParseAnd();
        while (Current is { Line: var line } && TakeName("or")) left = new JinjaLogic(line, left, ParseAnd(), isAnd: false);
        return left;
    }

    private JinjaExpression ParseAnd()
    {
        JinjaExpression left = ParseNot();
        while (Current is { Line: var line } && TakeName("and")) left = new JinjaLogic(line, left, ParseNot(), isAnd: true);
        return left;
    }

    private JinjaExpression ParseNot()
    {
        int line = Current.Line;
        JinjaRun.EnsureStack();
        return TakeName("not") ? new JinjaNot(line, ParseNot()) : ParseComparison();
    }

    private JinjaExpression ParseComparison()
    {
        int line = Current.Line;
        JinjaExpression first = ParseOperators(0);
        var rest = new List<(string, JinjaExpression)>();
        while (true)
        {
            if (Current.Kind == JinjaTokenKind.Symbol && Comparisons.Contains(Current.Text)) rest.Add((tokens[Position++].Text, ParseOperators(0)));
            else if (TakeName("in")) rest.Add(("in", ParseOperators(0)));
            else if (IsName("not") && tokens[Position + 1] is { Kind: JinjaTokenKind.Name, Text: "in" })
            {
                Position += 2;
                rest.Add(("not in", ParseOperators(0)));
            }
            else break;
        }
        return rest.Count == 0 ? first : new JinjaComparison(line, first, rest);
    }

    private static readonly string[][] OperatorLevels = [["+", "-"], ["~"], ["*", "/", "//", "%"], ["**"]];

    private JinjaExpression ParseOperators(int level)
    {
        if (level == OperatorLevels.Length) return ParseUnary(withFilters: true);
        JinjaExpression left = ParseOperators(level + 1);
        while (Current is { Kind: JinjaTokenKind.Symbol, Line: var line } && OperatorLevels[level].Contains(Current.Text))
        {
            string symbol = tokens[Position++].Text;
            left = new JinjaBinary(line, symbol, left, ParseOperators(level + 1));
        }
        return left;
    }

    private JinjaExpression ParseUnary(bool withFilters)
    {
        JinjaRun.EnsureStack();
        int line = Current.Line;
        JinjaExpression value = TakeSymbol("-") ? new JinjaSign(line, ParseUnary(withFilters: false), isMinus: true)
            : TakeSymbol("+") ? new JinjaSign(line, ParseUnary(withFilters: false), isMinus: false)
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFilters(value) : value;
    }

    private JinjaExpression ParsePostfix(JinjaExpression value)
    {
        while (true)
        {
            int line = Current.Line;
            if (TakeSymbol("."))
            {
                value = Current.Kind == JinjaTokenKind.Integer ? new JinjaItem(line, value, ParsePrimary()) : new JinjaAttribute(line, value, ExpectName());
            }
            else if (TakeSymbol("["))
            {
                value = ParseSubscript(value, line);
                Expect("]");
            }
            else if (IsSymbol("("))
            {
                value = new JinjaCallExpression(line, value, ParseArgumentsIfAny());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression ParseSubscript(JinjaExpression value, int line)
    {
        JinjaExpression? start = IsSymbol(":") ? null : ParseTuple();
        if (!TakeSymbol(":")) return new JinjaItem(line, value, start!);
        JinjaExpression? stop = IsSymbol(":") || IsSymbol("]") ? null : ParseExpression();
        JinjaExpression? step = TakeSymbol(":") && !IsSymbol("]") ? ParseExpression() : null;
        return new JinjaSlice(line, value, start, stop, step);
    }

    private JinjaExpression ParsePrimary()
    {
        JinjaToken token = Current;
        Position++;
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaConstant(token.Line, true),
                    "false" or "False" => new JinjaConstant(token.Line, false),
                    "none" or "None" => new JinjaConstant(token.Line, null),
                    _ => new JinjaName(token.Line, token.Text),
                };
            case JinjaTokenKind.String:
                List<string> parts = [token.Text];
                while (Current.Kind == JinjaTokenKind.String) parts.Add(tokens[Position++].Text);
                return new JinjaConstant(token.Line, string.Concat(parts));
            case JinjaTokenKind.Integer:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                    ? new JinjaConstant(token.Line, number)
                    : throw Error($"the number {token.Text} is too large", token.Line);
            case JinjaTokenKind.Float:
                return new JinjaConstant(token.Line, double.Parse(token.Text, CultureInfo.InvariantCulture));
            case JinjaTokenKind.Symbol when token.Text == "(":
                return ParseParentheses(token.Line);
            case JinjaTokenKind.Symbol when token.Text == "[":
                return new JinjaListLiteral(token.Line, ParseItems("]", () => ParseExpression()), isTuple: false);
            case JinjaTokenKind.Symbol when token.Text == "{":
                return new JinjaDictionaryLiteral(token.Line, ParseItems("}", ParsePair));
            default:
                Position--;
                throw Error($"a value is expected, not {Describe()}");
        }
    }

    private JinjaExpression ParseParentheses(int line)
    {
        if (TakeSymbol(")")) return new JinjaListLiteral(line, [], isTuple: true);
        JinjaExpression inner = ParseTuple();
        Expect(")");
        return inner;
    }

    private (JinjaExpression, JinjaExpression) ParsePair()
    {
        JinjaExpression key = ParseExpression();
        Expect(":");
        return (key, ParseExpression());
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!TakeSymbol(close))
        {
            if (items.Count > 0) Expect(",");
            if (TakeSymbol(close)) break;
            items.Add(parse());
        }
        return items;
    }

    private JinjaArguments ParseArgumentsIfAny()
    {
        if (!TakeSymbol("(")) return JinjaArguments.None;
        return new JinjaArguments(ParseItems(")", () =>
        {
            int stars = TakeSymbol("**") ? 2 : TakeSymbol("*") ? 1 : 0;
            bool isNamed = Current.Kind == JinjaTokenKind.Name && tokens[Position + 1] is { Kind: JinjaTokenKind.Symbol, Text: "=" };
            string? name = isNamed ? ExpectName() : null;
            if (isNamed) Expect("=");
            return (name, stars, ParseExpression());
        }));
    }

    // A test takes its arguments in parentheses, or one value directly behind its name.
    private JinjaArguments ParseTestArguments()
    {
        if (IsSymbol("(")) return ParseArgumentsIfAny();
        bool startsValue = Current.Kind is JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float
            || (Current.Kind == JinjaTokenKind.Name && Current.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in"))
            || IsSymbol("[") || IsSymbol("{");
        return startsValue ? new JinjaArguments([(null, 0, ParsePostfix(ParsePrimary()))]) : JinjaArguments.None;
    }

    private bool EndsTuple() => Current.Kind is JinjaTokenKind.ExpressionEnd or JinjaTokenKind.StatementEnd || IsSymbol(")") || IsSymbol("]") || IsSymbol("=") || IsName("in");

    private bool IsSymbolBefore(string symbol) => tokens[Position - 1] is { Kind: JinjaTokenKind.Symbol } token && token.Text == symbol;
}
