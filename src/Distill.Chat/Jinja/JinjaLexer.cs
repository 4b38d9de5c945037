using System.Globalization;
using System.Text;

namespace Distill.Chat.Jinja;

/// <summary>What a token is.</summary>
internal enum JinjaTokenKind
{
    Data,
    ExpressionStart,
    ExpressionEnd,
    StatementStart,
    StatementEnd,
    Name,
    String,
    Integer,
    Float,
    Symbol,
    End,
}

/// <summary>One token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string literal, the value.</param>
/// <param name="Line">Line of the template, from 1.</param>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line);

/// <summary>
/// Cuts a template into tokens, with the whitespace rules that transformers sets: <c>trim_blocks</c> (the line break behind a
/// statement goes), <c>lstrip_blocks</c> (the indentation in front of one goes), one line break at the end of the template goes.
/// </summary>
internal sealed class JinjaLexer
{
    private static readonly string[] LongSymbols = ["==", "!=", "<=", ">=", "**", "//"];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _lineStarts = true;

    private JinjaLexer(string source)
    {
        source = source.Replace("\r\n", "\n").Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    /// <exception cref="JinjaError">The template is not well formed.</exception>
    public static IReadOnlyList<JinjaToken> Tokenize(string source)
    {
        var lexer = new JinjaLexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            int tag = NextTag(_position);
            if (tag < 0) break;
            char kind = _source[tag + 1];
            char sign = SignAt(tag + 2);
            AddData(tag, kind, sign);
            MoveTo(tag + (sign == '\0' ? 2 : 3));
            if (kind == '#') SkipComment();
            else if (kind == '%' && RawTag("raw", _position) is int body) AddRaw(body);
            else AddTag(kind == '{');
        }
        if (_position < _source.Length) Add(JinjaTokenKind.Data, _source[_position..]);
        Add(JinjaTokenKind.End, "");
    }

    private int NextTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#') return at;
        }
        return -1;
    }

    // Text in front of a tag: "{%-" takes all whitespace, a plain "{%" or "{#" the indentation of its own line, "{%+" nothing.
    private void AddData(int tag, char kind, char sign)
    {
        string data = _source[_position..tag];
        if (sign == '-')
        {
            data = data.TrimEnd();
        }
        else if (sign != '+' && kind != '{')
        {
            int line = data.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineStarts) && string.IsNullOrWhiteSpace(data[line..])) data = data[..line];
        }
        if (data.Length > 0) Add(JinjaTokenKind.Data, data);
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0) throw new JinjaError("a comment `{#` is never closed", _line);
        FinishTag(end + 2, end > _position ? _source[end - 1] : '\0', trimsBreak: true);
    }

    // Position behind "{% name %}" when that tag starts here (its "{%" is already read), else null.
    private int? RawTag(string name, int at)
    {
        at = SkipSpace(at);
        if (string.CompareOrdinal(_source, at, name, 0, name.Length) != 0) return null;
        at = SkipSpace(at + name.Length);
        if (SignAt(at) != '\0') at++;
        return string.CompareOrdinal(_source, at, "%}", 0, 2) == 0 ? at + 2 : null;
    }

    private void AddRaw(int body)
    {
        int start = _line;
        FinishTag(body, _source[body - 3], trimsBreak: true);
        for (int at = _source.IndexOf("{%", _position, StringComparison.Ordinal); at >= 0; at = _source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            char sign = SignAt(at + 2);
            if (RawTag("endraw", at + (sign == '\0' ? 2 : 3)) is not int end) continue;
            AddData(at, '%', sign);
            FinishTag(end, _source[end - 3], trimsBreak: true);
            return;
        }
        throw new JinjaError("`raw` is never closed by `endraw`", start);
    }

    private void AddTag(bool isExpression)
    {
        int start = _line;
        Add(isExpression ? JinjaTokenKind.ExpressionStart : JinjaTokenKind.StatementStart, "");
        string end = isExpression ? "}}" : "%}";
        var brackets = new Stack<char>();
        while (true)
        {
            MoveTo(SkipSpace(_position));
            if (_position >= _source.Length) throw new JinjaError($"a tag is never closed by `{end}`", start);
            char sign = SignAt(_position);
            int closing = sign == '\0' ? _position : _position + 1;
            if (brackets.Count == 0 && string.CompareOrdinal(_source, closing, end, 0, 2) == 0)
            {
                Add(isExpression ? JinjaTokenKind.ExpressionEnd : JinjaTokenKind.StatementEnd, "");
                FinishTag(closing + 2, sign, trimsBreak: !isExpression);
                return;
            }
            AddExpressionToken(brackets);
        }
    }

    private void FinishTag(int end, char sign, bool trimsBreak)
    {
        int next = end;
        if (sign == '-') next = SkipSpace(end);
        else if (trimsBreak && sign != '+' && end < _source.Length && _source[end] == '\n') next++;
        _lineStarts = next > 0 && _source[next - 1] == '\n';
        MoveTo(next);
    }

    private void AddExpressionToken(Stack<char> brackets)
    {
        char c = _source[_position];
        if (char.IsAsciiDigit(c)) AddNumber();
        else if (c == '_' || char.IsLetter(c)) AddRun(JinjaTokenKind.Name, static c => c == '_' || char.IsLetterOrDigit(c));
        else if (c is '\'' or '"') AddString(c);
        else AddSymbol(brackets);
    }

    private void AddRun(JinjaTokenKind kind, Func<char, bool> belongs)
    {
        int end = _position + 1;
        while (end < _source.Length && belongs(_source[end])) end++;
        Add(kind, _source[_position..end]);
        _position = end;
    }

    private void AddNumber()
    {
        int end = SkipDigits(_position);
        bool isFloat = false;
        if (end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            isFloat = true;
            end = SkipDigits(end + 1);
        }
        if (end < _source.Length && _source[end] is 'e' or 'E')
        {
            int digits = end + 1 < _source.Length && _source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < _source.Length && char.IsAsciiDigit(_source[digits]))
            {
                isFloat = true;
                end = SkipDigits(digits);
            }
        }
        Add(isFloat ? JinjaTokenKind.Float : JinjaTokenKind.Integer, _source[_position..end].Replace("_", ""));
        _position = end;
    }

    private void AddString(char quote)
    {
        var value = new StringBuilder();
        int start = _line;
        int at = _position + 1;
        while (at < _source.Length && _source[at] != quote)
        {
            if (_source[at] == '\\' && at + 1 < _source.Length) at = AppendEscape(value, at + 1);
            else value.Append(_source[at++]);
        }
        if (at >= _source.Length) throw new JinjaError("a string is never closed", start);
        Add(JinjaTokenKind.String, value.ToString());
        MoveTo(at + 1);
    }

    // Python's escapes; an unknown one keeps its backslash.
    private int AppendEscape(StringBuilder value, int at)
    {
        char letter = _source[at];
        int plain = @"\'""abfnrtv0".IndexOf(letter);
        if (plain >= 0)
        {
            value.Append("\\'\"\a\b\f\n\r\t\v\0"[plain]);
            return at + 1;
        }
        if (letter == '\n') return at + 1;
        int digits = letter switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0 && at + digits < _source.Length
            && int.TryParse(_source.AsSpan(at + 1, digits), NumberStyles.HexNumber, null, out int codePoint) && codePoint is >= 0 and <= 0x10FFFF)
        {
            if (codePoint is >= 0xD800 and <= 0xDFFF) value.Append((char)codePoint);
            else value.Append(new Rune(codePoint).ToString());
            return at + 1 + digits;
        }
        value.Append('\\').Append(letter);
        return at + 1;
    }

    private void AddSymbol(Stack<char> brackets)
    {
        string? symbol = Array.Find(LongSymbols, s => string.CompareOrdinal(_source, _position, s, 0, 2) == 0);
        char c = _source[_position];
        if (symbol is null && !"+-*/%~<>=.:|,()[]{}".Contains(c)) throw new JinjaError($"unexpected character `{c}`", _line);
        if (c is '(' or '[' or '{')
        {
            brackets.Push(c);
        }
        else if (c is ')' or ']' or '}' && (!brackets.TryPop(out char open) || open != (c == ')' ? '(' : c == ']' ? '[' : '{')))
        {
            throw new JinjaError($"`{c}` closes nothing", _line);
        }
        Add(JinjaTokenKind.Symbol, symbol ?? c.ToString());
        _position += symbol?.Length ?? 1;
    }

    private char SignAt(int at) => at < _source.Length && _source[at] is '-' or '+' ? _source[at] : '\0';

    private int SkipSpace(int at)
    {
        while (at < _source.Length && char.IsWhiteSpace(_source[at])) at++;
        return at;
    }

    private int SkipDigits(int at)
    {
        while (at < _source.Length && (char.IsAsciiDigit(_source[at]) || _source[at] == '_')) at++;
        return at;
    }

    private void Add(JinjaTokenKind kind, string text) => _tokens.Add(new JinjaToken(kind, text, _line));

    private void MoveTo(int position)
    {
        _line += _source.AsSpan(_position, position - _position).Count('\n');
        _position = position;
    }
}
