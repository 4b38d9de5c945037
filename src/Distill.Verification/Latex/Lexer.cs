using System.Text;

namespace Distill.Verification.Latex;

/// <summary>
/// Takes a formula, in LaTeX or plain text, apart into tokens. Spelling variants end here: the parser sees one fraction command, one
/// minus sign, one kind of bracket, and numerals as numbers.
/// </summary>
internal sealed partial class Lexer
{
    /// <summary>Most tokens of a formula.</summary>
    public const int MostTokens = 2048;

    private static readonly string[] Letters = [.. Enumerable.Range(0, 128).Select(c => ((char)c).ToString())];

    private readonly string _text;
    private readonly bool _groupInBrackets;
    private readonly bool _currencyDollars;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _brackets;
    private bool _space;

    // The ends of the upright texts that we are in.
    private int _textUntil = -1;

    private Lexer(string text, bool groupInBrackets)
    {
        _text = text;
        _groupInBrackets = groupInBrackets;
        _currencyDollars = DollarsAreCurrency(text);
    }

    /// <summary>The tokens of a formula, the last one being <see cref="TokenKind.End"/>; null where a character has no meaning in formulas.</summary>
    /// <param name="text">The formula.</param>
    /// <param name="groupInBrackets">Whether 1,234 inside brackets is one number and not two.</param>
    public static List<Token>? Tokenize(string text, bool groupInBrackets)
    {
        var lexer = new Lexer(text, groupInBrackets);
        return lexer.Run() ? lexer._tokens : null;
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private bool InText => _at <= _textUntil;

    private char Peek(int ahead = 1) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private bool Run()
    {
        while (_at < _text.Length)
        {
            if (_tokens.Count >= MostTokens || !Next()) return false;
        }
        Add(TokenKind.End, "", _at);
        return true;
    }

    private bool Next()
    {
        char c = Current;
        if (char.IsWhiteSpace(c) || c == '~')
        {
            _at++;
            _space = true;
            return true;
        }
        if (char.IsAsciiDigit(c) || c == '.' && char.IsAsciiDigit(Peek()) || c == '.' && StartsRepetition(_at + 1)) return Number();
        if (c == '\\') return Command();
        if (char.IsLetter(c)) return LetterRun();
        if (c < 128) return Ascii(c);
        if (LatexCommands.Characters.TryGetValue(c, out (TokenKind Kind, string Text) sign)) return Add(sign.Kind, sign.Text);
        if (LatexCommands.VulgarFractions.TryGetValue(c, out (int Numerator, int Denominator) fraction)) return VulgarFraction(fraction);
        if (Raised(LatexCommands.Superscripts, LatexCommands.RaisedMeaning, TokenKind.Caret, "^")) return true;
        return Raised(LatexCommands.Subscripts, LatexCommands.LoweredMeaning, TokenKind.Underscore, "_");
    }

    private bool Ascii(char c)
    {
        switch (c)
        {
            case '+' when Peek() == '-' && !AfterValue(): return Add(TokenKind.PlusMinus, "+", length: 2);
            case '+' when Peek() == '/' && Peek(2) == '-': return Add(TokenKind.PlusMinus, "+", length: 3);
            case '+': return Add(TokenKind.Plus, "+");
            case '-' when Peek() == '>': return Add(TokenKind.Relation, "to", length: 2);
            case '-': return Add(TokenKind.Minus, "-");
            case '*' when Peek() == '*' && _tokens.Count > 0 && !AtEdge(2): return Add(TokenKind.Caret, "^", length: 2);
            case '*' when _tokens.Count == 0 || AtEdge(1): // emphasis around the whole
                _at++;
                return true;
            case '*': return Add(TokenKind.Times, "*");
            case '/': return Add(TokenKind.Divide, "/");
            case '^': return Add(TokenKind.Caret, "^");
            case '_': return Add(TokenKind.Underscore, "_");
            case '\'' or '`': return Add(TokenKind.Prime, "'");
            case '=' when Peek() == '/' && Peek(2) == '=': return Add(TokenKind.Relation, "!=", length: 3);
            case '!' when Peek() == '=' && (_space || !AfterValue()): return Add(TokenKind.Relation, "!=", length: 2);
            case '!': return Add(TokenKind.Factorial, "!");
            case '%': return Add(TokenKind.Percent, "%");
            case ',': return Add(TokenKind.Comma, ",");
            case ';': return Add(TokenKind.Semicolon, ";");
            case ':' when Peek() == '=': return Add(TokenKind.Relation, "=", length: 2);
            case ':': return Add(TokenKind.Colon, ":");
            case '|': return Add(TokenKind.Bar, "|");
            case '=' when Peek() == '=': return Add(TokenKind.Relation, "=", length: 2);
            case '=' when Peek() is '>': return Add(TokenKind.Relation, "=>", length: 2);
            case '=': return Add(TokenKind.Relation, "=");
            case '<' when Peek() == '=': return Add(TokenKind.Relation, "<=", length: 2);
            case '<' when Peek() == '>': return Add(TokenKind.Relation, "!=", length: 2);
            case '<': return Add(TokenKind.Relation, "<");
            case '>' when Peek() == '=': return Add(TokenKind.Relation, ">=", length: 2);
            case '>': return Add(TokenKind.Relation, ">");
            case '&': return Add(TokenKind.Ampersand, "&");
            case '(' or '[':
                _brackets++;
                return Add(TokenKind.Open, Letters[c]);
            case ')' or ']':
                _brackets--;
                return Add(TokenKind.Close, Letters[c]);
            case '{' when TextAt("{:}"): return Add(TokenKind.Colon, ":", length: 3);
            case '{': return Add(TokenKind.GroupOpen, "{");
            case '}': return Add(TokenKind.GroupClose, "}");
            case '$': return Dollar();
            case '.' when Peek() == '.' && Peek(2) == '.': return Add(TokenKind.Dots, "…", length: 3);
            case '.': return Period();
            case '"' when AtEdge(1):
                _at++;
                return true;
            default: return false;
        }
    }

    // Only punctuation is left, or nothing.
    private bool AtEdge(int ahead)
    {
        for (int i = _at + ahead; i < _text.Length; i++)
            if (_text[i] is not (' ' or '*' or '.' or '$' or '\n' or '_')) return false;
        return true;
    }

    private bool AfterValue() => _tokens.Count > 0 && _tokens[^1].Kind is TokenKind.Number or TokenKind.Symbol or TokenKind.Close or TokenKind.GroupClose;

    // A period ends the answer, or an abbreviated word.
    private bool Period()
    {
        _at++;
        return AtEdge(0) || _tokens.Count > 0 && _tokens[^1].Kind is TokenKind.Word or TokenKind.Symbol || Current is ' ' or '\n' or '}' or '\\' or '$' or ')';
    }

    private static bool DollarsAreCurrency(string text)
    {
        int dollars = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '$') dollars++;
        }
        return dollars % 2 == 1;
    }

    private bool Dollar()
    {
        if (_currencyDollars && (char.IsAsciiDigit(Peek()) || Peek() is '.' or '-' or ' ' && char.IsAsciiDigit(Peek(2)))) return Add(TokenKind.Currency, "$");
        _at++;
        return true;
    }

    private bool LetterRun()
    {
        int start = _at;
        if (!char.IsAscii(Current) && LatexCommands.Characters.TryGetValue(Current, out (TokenKind Kind, string Text) sign)) return Add(sign.Kind, sign.Text);
        bool ascii = true;
        while (_at < _text.Length && char.IsLetter(_text[_at]) && (char.IsAscii(_text[_at]) || !LatexCommands.Characters.ContainsKey(_text[_at])))
            ascii &= char.IsAscii(_text[_at++]);
        string run = _text[start.._at];
        if (!ascii)
        {
            AddAt(run.Length > 1 || run[0] >= '\u2E80' ? TokenKind.Word : TokenKind.Symbol, run, start);
            return true;
        }
        if (start > 0 && _text[start - 1] == '_' && !InText) // \log_bx: a subscript is one letter
        {
            run = run[..1];
            _at = start + 1;
        }
        if (run.Length == 1)
        {
            // 1.5 x 10^3
            if (run == "x" && _space && _tokens is [.., { Kind: TokenKind.Number }] && Current == ' ' && char.IsAsciiDigit(Peek()))
            {
                AddAt(TokenKind.Times, "*", start);
                return true;
            }
            AddAt(TokenKind.Symbol, Letters[run[0]], start);
            return true;
        }
        Run(run, start);
        return true;
    }

    private void Run(string run, int start)
    {
        string lower = run.ToLowerInvariant();
        if (InText && Answers.Units.IsKnown(run) && AfterValue()) AddAt(TokenKind.Word, run, start);
        else if (Vocabulary.Ors.Contains(lower)) AddAt(TokenKind.Logic, "or", start);
        else if (Vocabulary.Ands.Contains(lower) && (InText || run.Length > 2 || run[0] > '\u007F')) AddAt(TokenKind.Logic, "and", start);
        else if (lower is "mod") AddAt(TokenKind.Modulo, "mod", start);
        else if (lower is "in" && !InText) AddAt(TokenKind.Relation, "in", start);
        else if (lower is "minus" or "negative" && Current == ' ') AddAt(TokenKind.Minus, "-", start);
        else if (lower is "union") AddAt(TokenKind.SetOperator, "∪", start);
        else if (lower is "inf" or "infinity") AddAt(TokenKind.Symbol, "infinity", start);
        else if (lower is "sqrt" && !InText) AddAt(TokenKind.Root, "sqrt", start);
        else if (lower is "min" && _tokens is [.., { Kind: TokenKind.Number }] or [.., { Kind: TokenKind.Word }, { Kind: TokenKind.Divide }] && !(Current is '(' or '{' or '\\' || Current == ' ' && Peek() is '(' or '{' or '\\')) AddAt(TokenKind.Word, run, start);
        else if (LatexCommands.Functions.TryGetValue(run, out string? function)) AddAt(TokenKind.Function, function, start);
        else if (!InText && Vocabulary.Symbol(run) is { } symbol) AddAt(TokenKind.Symbol, symbol, start);
        else if (InText || Vocabulary.IsWord(run) && !IsFunctionOfLetters(run) && !(run.Length == 2 && Answers.Units.IsKnown(run) && !AfterValue() && _tokens is not [.., { Kind: TokenKind.Word }])) AddAt(TokenKind.Word, run, start);
        else Product(run, start);
    }

    private static bool IsFunctionOfLetters(string run) => FunctionPrefix(run) is { } name && run.Length <= name.Length + 1;

    private static string? FunctionPrefix(string run)
    {
        foreach (string name in (ReadOnlySpan<string>)["arcsin", "arccos", "arctan", "sqrt", "sin", "cos", "tan", "log", "cot", "sec", "csc", "exp", "ln"])
            if (run.Length > name.Length && run.StartsWith(name, StringComparison.Ordinal)) return name;
        return null;
    }

    // A product of variables, or an unspaced function such as sinx.
    private void Product(string run, int start)
    {
        int i = 0;
        if (FunctionPrefix(run) is { } name)
        {
            AddAt(name == "sqrt" ? TokenKind.Root : TokenKind.Function, name, start);
            i = name.Length;
        }
        else if (run.StartsWith("pi", StringComparison.Ordinal))
        {
            AddAt(TokenKind.Symbol, "pi", start);
            i = 2;
        }
        for (; i < run.Length; i++)
        {
            if (run.AsSpan(i) is "pi")
            {
                AddAt(TokenKind.Symbol, "pi", start + i);
                return;
            }
            AddAt(TokenKind.Symbol, Letters[run[i]], start + i);
        }
    }

    // Raised and lowered characters: a sign and a group.
    private bool Raised(string from, string to, TokenKind kind, string text)
    {
        var inner = new StringBuilder();
        int end = _at;
        while (end < _text.Length && from.IndexOf(_text[end]) is >= 0 and int index)
        {
            inner.Append(to[index]);
            end++;
        }
        if (end == _at) return false;
        if (Tokenize(inner.ToString(), groupInBrackets: false) is not { } tokens) return false;
        Add(kind, text, end - _at);
        AddAt(TokenKind.GroupOpen, "{", _at);
        foreach (Token token in tokens)
            if (token.Kind != TokenKind.End) _tokens.Add(token);
        AddAt(TokenKind.GroupClose, "}", _at);
        return true;
    }

    private bool Add(TokenKind kind, string text, int length = 1)
    {
        AddAt(kind, text, _at);
        _at += length;
        return true;
    }

    private void AddAt(TokenKind kind, string text, int start, WrittenNumber? number = null)
    {
        _tokens.Add(new Token(kind, text, start, _space, start <= _textUntil, number));
        _space = false;
    }
}
