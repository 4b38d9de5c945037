namespace Distill.Verification.Latex;

internal sealed partial class Lexer
{
    private bool Command()
    {
        int start = _at;
        if (Peek() == '\\') return DoubledBackslash();
        int end = _at + 1;
        while (end < _text.Length && char.IsAsciiLetter(_text[end])) end++;
        if (end == _at + 1) return ControlSymbol();
        if (end < _text.Length && _text[end] == '*') end++;
        string name = _text[(_at + 1)..end];
        _at = end;
        return Command(name, start) || Command(name.TrimEnd('*'), start) || Glued(name, start);
    }

    private bool Command(string name, int start)
    {
        if (LatexCommands.Signs.TryGetValue(name, out (TokenKind Kind, string Text) sign)) return Sign(sign.Kind, sign.Text, start);
        if (LatexCommands.Fractions.Contains(name)) return Place(TokenKind.Fraction, "frac", start);
        if (LatexCommands.Symbols.TryGetValue(name, out string? symbol)) return Place(TokenKind.Symbol, symbol, start);
        if (LatexCommands.Functions.TryGetValue(name, out string? function)) return Place(TokenKind.Function, function, start);
        if (LatexCommands.TextFaces.Contains(name)) return Text();
        if (LatexCommands.MathFaces.Contains(name)) return true; // its braces group, which changes nothing
        if (LatexCommands.Layout.Contains(name))
        {
            if (name is "left" or "right" or "middle") NullDelimiter();
            _space |= name is "quad" or "qquad" or "enspace";
            return true;
        }
        if (name is "mathbb") return NumberSet(start);
        if (name is "begin" or "end") return Environment(name, start);
        if (name is "textcolor") return SkipGroup();
        return LatexCommands.Dropped.Contains(name) && SkipGroup();
    }

    // \pir, \cdotx: a command that a letter was glued to.
    private bool Glued(string name, int start)
    {
        for (int length = name.Length - 1; length >= 2; length--)
        {
            string known = name[..length];
            if (known is not ("pi" or "cdot" or "times" or "quad" or "infty" or "sqrt" or "sin" or "cos" or "ln" or "alpha" or "theta")) continue;
            _at = start + 1 + length;
            return Command(known, start);
        }
        return false;
    }

    private bool Place(TokenKind kind, string text, int start)
    {
        AddAt(kind, text, start);
        return true;
    }

    private bool Sign(TokenKind kind, string text, int start)
    {
        if (kind == TokenKind.Open) _brackets++;
        if (kind == TokenKind.Close) _brackets--;
        return Place(kind, text, start);
    }

    private bool ControlSymbol()
    {
        char c = Peek();
        if (c is ',' or ';' or ':' or '!' or ' ' or '\n' or '/' or '>' or '"' or '\'' or '-' or '\0')
        {
            _at += 2;
            _space = c is not '!' and not '/';
            return true;
        }
        if (c is '(' or ')' or '[' or ']') // the delimiters of formulas
        {
            _at += 2;
            return true;
        }
        if (!LatexCommands.Signs.TryGetValue(c.ToString(), out (TokenKind Kind, string Text) sign)) return false;
        int start = _at;
        _at += 2;
        return Sign(sign.Kind, sign.Text, start);
    }

    // A row's end, or a command whose backslash was doubled on the way through JSON.
    private bool DoubledBackslash()
    {
        char next = Peek(2);
        bool inMatrix = _tokens.Exists(token => token.Kind == TokenKind.Begin);
        if (!inMatrix && (char.IsAsciiLetter(next) || next is '{' or '}' or '%' or '$' or ',' or '!' or '(' or ')' or ';'))
        {
            _at++;
            return Command();
        }
        Add(TokenKind.RowBreak, "\\\\", 2);
        if (Current == '[') // extra space between rows: \\[4pt]
        {
            int close = _text.IndexOf(']', _at);
            if (close > 0 && close - _at < 10 && _text[(close - 2)..close] is "pt" or "em" or "ex" or "mm") _at = close + 1;
        }
        return true;
    }

    // \left. and \right.
    private void NullDelimiter()
    {
        while (Current == ' ') _at++;
        if (Current == '.') _at++;
        else if (Current is '<' or '>')
        {
            _brackets += Current == '<' ? 1 : -1;
            Add(Current == '<' ? TokenKind.Open : TokenKind.Close, Current == '<' ? "<" : ">");
        }
    }

    private bool Text()
    {
        while (Current == ' ') _at++;
        if (Current != '{') return true;
        int close = MatchingBrace(_at);
        if (close < 0) return false;
        _at++;
        _space = true;
        int outer = _textUntil;
        _textUntil = close;
        while (_at < close)
        {
            if (_tokens.Count >= MostTokens) return false;
            if (Current is '-' && _at > 0 && char.IsLetter(Peek()) && char.IsLetter(_text[_at - 1])) _at++; // a hyphen
            else if (Current is '"' or '`' or '“' or '”' or '‘' or '’') _at++;
            else if (!Next()) return false;
        }
        if (_at != close) return false;
        _at++;
        _textUntil = outer;
        _space = true;
        return true;
    }

    private bool NumberSet(int start)
    {
        while (Current is ' ' or '{') _at++;
        char c = Current;
        _at++;
        while (Current is ' ') _at++;
        if (Current == '}') _at++;
        return c is 'R' or 'Z' or 'N' or 'Q' or 'C' or 'P' or 'F' && Place(TokenKind.NumberSet, Letters[c], start);
    }

    private bool Environment(string name, int start)
    {
        if (Current != '{') return false;
        int close = _text.IndexOf('}', _at);
        if (close < 0 || close - _at > 16) return false;
        string environment = _text[(_at + 1)..close].TrimEnd('*');
        _at = close + 1;
        if (name == "begin" && environment is "array" or "tabular")
        {
            while (Current is ' ') _at++;
            if (Current == '[' && _text.IndexOf(']', _at) is > 0 and int end) _at = end + 1;
            if (Current == '{' && !SkipGroup()) return false;
        }
        return Place(name == "begin" ? TokenKind.Begin : TokenKind.EndEnvironment, environment, start);
    }

    private bool SkipGroup()
    {
        while (Current == ' ') _at++;
        if (Current != '{')
        {
            while (char.IsAsciiLetter(Current)) _at++;
            return true;
        }
        int close = MatchingBrace(_at);
        if (close < 0) return false;
        _at = close + 1;
        return true;
    }

    private int MatchingBrace(int open)
    {
        int depth = 0;
        for (int i = open; i < _text.Length; i++)
        {
            if (_text[i] == '\\') i++;
            else if (_text[i] == '{') depth++;
            else if (_text[i] == '}' && --depth == 0) return i;
        }
        return -1;
    }
}
