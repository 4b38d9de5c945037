namespace Distill.Chat.Jinja;

/// <summary>Parses the statements of a template.</summary>
internal sealed class JinjaParser : JinjaExpressionParser
{
    private int _loops;

    private JinjaParser(IReadOnlyList<JinjaToken> tokens)
        : base(tokens)
    {
    }

    /// <summary>Parses a whole template.</summary>
    /// <exception cref="JinjaError">It is malformed, or uses something that chat templates do not have.</exception>
    public static JinjaStatement Parse(string source)
    {
        var parser = new JinjaParser(JinjaLexer.Tokenize(source));
        JinjaStatement template = parser.ParseBody([]);
        return parser.Current.Kind == JinjaTokenKind.End ? template : throw parser.Error($"unexpected {parser.Describe()}");
    }

    // Statements up to one of the named ones (left unread), or to the end of the template when none is named.
    private JinjaBlock ParseBody(string[] ends)
    {
        JinjaRun.EnsureStack();
        int line = Current.Line;
        var statements = new List<JinjaStatement>();
        while (Current.Kind != JinjaTokenKind.End)
        {
            JinjaToken token = Current;
            Position++;
            switch (token.Kind)
            {
                case JinjaTokenKind.Data:
                    statements.Add(new JinjaData(token.Line, token.Text));
                    break;
                case JinjaTokenKind.ExpressionStart:
                    statements.Add(new JinjaPrint(token.Line, ParseTuple()));
                    Expect(JinjaTokenKind.ExpressionEnd);
                    break;
                default:
                    if (Current.Kind == JinjaTokenKind.Name && ends.Contains(Current.Text)) return new JinjaBlock(line, statements);
                    if (ParseStatement(token.Line) is { } statement) statements.Add(statement);
                    break;
            }
        }
        if (ends.Length > 0) throw Error($"`{ends[^1]}` is missing for the block that starts here", line);
        return new JinjaBlock(line, statements);
    }

    private JinjaStatement? ParseStatement(int line)
    {
        string name = ExpectName();
        switch (name)
        {
            case "set":
                return ParseSet(line);
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "macro":
                return ParseMacro(line);
            case "with":
                return ParseWith(line);
            case "filter":
                JinjaExpression printed = ParseFilters(ParseFilter(new JinjaName(line, JinjaBlockSet.Printed), line));
                Expect(JinjaTokenKind.StatementEnd);
                return new JinjaFilterBlock(line, printed, ParseBodyToEnd("endfilter"));
            case "generation":
                // Marks the text that a student learns; prints as if it were not there.
                Expect(JinjaTokenKind.StatementEnd);
                return ParseBodyToEnd("endgeneration");
            case "break" or "continue":
                if (_loops == 0) throw Error($"`{name}` stands outside of a loop", line);
                Expect(JinjaTokenKind.StatementEnd);
                return new JinjaJump(line, name == "break" ? JinjaFlow.Break : JinjaFlow.Continue);
            default:
                throw Error($"unknown statement `{name}`", line);
        }
    }

    private JinjaStatement ParseSet(int line)
    {
        JinjaExpression target = ParseTarget(allowMembers: true);
        if (TakeSymbol("="))
        {
            JinjaExpression value = ParseTuple();
            Expect(JinjaTokenKind.StatementEnd);
            return new JinjaSet(line, target, value);
        }
        JinjaExpression printed = ParseFilters(new JinjaName(line, JinjaBlockSet.Printed));
        Expect(JinjaTokenKind.StatementEnd);
        return new JinjaBlockSet(line, target, printed, ParseBodyToEnd("endset"));
    }

    private JinjaIf ParseIf(int line)
    {
        var branches = new List<(JinjaExpression, JinjaStatement)>();
        JinjaStatement? otherwise = null;
        do
        {
            JinjaExpression condition = ParseTuple();
            Expect(JinjaTokenKind.StatementEnd);
            branches.Add((condition, ParseBody(["elif", "else", "endif"])));
        }
        while (TakeName("elif"));
        if (TakeName("else"))
        {
            Expect(JinjaTokenKind.StatementEnd);
            otherwise = ParseBody(["endif"]);
        }
        ExpectEnd("endif");
        return new JinjaIf(line, branches, otherwise);
    }

    private JinjaFor ParseFor(int line)
    {
        JinjaExpression target = ParseTarget(allowMembers: false);
        if (!TakeName("in")) throw Error($"`in` is expected, not {Describe()}");
        JinjaExpression values = ParseTuple(allowConditional: false);
        JinjaExpression? filter = TakeName("if") ? ParseExpression() : null;
        if (IsName("recursive")) throw Error("recursive loops are not supported");
        Expect(JinjaTokenKind.StatementEnd);
        _loops++;
        JinjaStatement body = ParseBody(["else", "endfor"]);
        _loops--;
        JinjaStatement? otherwise = null;
        if (TakeName("else"))
        {
            Expect(JinjaTokenKind.StatementEnd);
            otherwise = ParseBody(["endfor"]);
        }
        ExpectEnd("endfor");
        return new JinjaFor(line, target, values, filter, body, otherwise);
    }

    private JinjaMacro ParseMacro(int line)
    {
        string name = ExpectName();
        var parameters = new List<(string, JinjaExpression?)>();
        Expect("(");
        while (!TakeSymbol(")"))
        {
            if (parameters.Count > 0) Expect(",");
            string parameter = ExpectName();
            parameters.Add((parameter, TakeSymbol("=") ? ParseExpression() : null));
        }
        Expect(JinjaTokenKind.StatementEnd);
        (int outer, _loops) = (_loops, 0);
        JinjaStatement body = ParseBodyToEnd("endmacro");
        _loops = outer;
        return new JinjaMacro(line, name, parameters, body);
    }

    private JinjaWith ParseWith(int line)
    {
        var names = new List<(JinjaExpression, JinjaExpression)>();
        while (Current.Kind != JinjaTokenKind.StatementEnd)
        {
            if (names.Count > 0) Expect(",");
            JinjaExpression target = new JinjaName(Current.Line, ExpectName());
            Expect("=");
            names.Add((target, ParseExpression()));
        }
        Expect(JinjaTokenKind.StatementEnd);
        return new JinjaWith(line, names, ParseBodyToEnd("endwith"));
    }

    private JinjaBlock ParseBodyToEnd(string end)
    {
        JinjaBlock body = ParseBody([end]);
        ExpectEnd(end);
        return body;
    }

    private void ExpectEnd(string name)
    {
        if (!TakeName(name)) throw Error($"`{name}` is expected, not {Describe()}");
        // "endmacro name" repeats the name.
        if (name == "endmacro" && Current.Kind == JinjaTokenKind.Name) Position++;
        Expect(JinjaTokenKind.StatementEnd);
    }

    private void Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind) throw Error($"{(kind == JinjaTokenKind.StatementEnd ? "`%}`" : "`}}`")} is expected, not {Describe()}");
        Position++;
    }
}
