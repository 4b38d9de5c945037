using System.Numerics;
using System.Text;
using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

internal sealed partial class Lexer
{
    private const int MostDigits = 2048;

    private const int LargestPowerOfTen = 4000;

    private bool Number()
    {
        int start = _at;
        bool grouped = false;
        string whole = WholePart(ref grouped);
        string fraction = "";
        BigRational? repeating = null;
        bool point = false;
        if (Current == '.' && (char.IsAsciiDigit(Peek()) || StartsRepetition(_at + 1)) || TextAt("{.}"))
        {
            _at += Current == '.' ? 1 : 3;
            point = true;
            fraction = FractionPart();
            repeating = Repetition(fraction);
        }
        else if (Current == '.' && PeriodEndsNumeral()) _at++;
        if (whole.Length + fraction.Length > MostDigits) return false;
        int power = PowerOfTen();
        if (Math.Abs(power) > LargestPowerOfTen) return false;
        BigInteger digits = whole.Length + fraction.Length == 0 ? 0 : BigInteger.Parse(whole + fraction);
        int places = fraction.Length - power;
        var value = new BigRational(digits);
        if (places > 0) value = new BigRational(digits, BigInteger.Pow(10, places));
        else if (places < 0) value *= BigInteger.Pow(10, -places);
        if (repeating is { } tail) value += tail;
        bool isDecimal = repeating is null && (point || power != 0);
        AddAt(TokenKind.Number, "", start, new WrittenNumber(value, point || power != 0 ? null : whole,
            isDecimal ? places : null, isDecimal ? (whole + fraction).TrimStart('0').Length : 0, grouped));
        return true;
    }

    private bool VulgarFraction((int Numerator, int Denominator) fraction)
    {
        var value = new BigRational(fraction.Numerator, fraction.Denominator);
        int start = _at++;
        if (_tokens.Count > 0 && _tokens[^1] is { Kind: TokenKind.Number, Number.Digits: not null } whole)
        {
            _tokens[^1] = whole with { Number = new WrittenNumber(whole.Number.Value + value, null) };
            return true;
        }
        AddAt(TokenKind.Number, "", start, new WrittenNumber(value, null));
        return true;
    }

    private string WholePart(ref bool grouped)
    {
        int start = _at;
        while (char.IsAsciiDigit(Current)) _at++;
        int first = _at - start;
        if (first is 0 or > 3 || _text[start] == '0' || Separator() is not { Length: > 0 } separator) return _text[start.._at];
        if (AfterSubscript(start)) return _text[start.._at];
        var digits = new StringBuilder(_text, start, first, 64);
        while (TextAt(separator) && GroupAt(_at + separator.Length))
        {
            digits.Append(_text, _at + separator.Length, 3);
            _at += separator.Length + 3;
            grouped |= separator == ",";
        }
        return digits.ToString();
    }

    private bool AfterSubscript(int start) => start > 0 && _text[start - 1] is '_' or '^';

    // What may stand between groups of three digits here.
    private string? Separator()
    {
        string? separator = Current switch
        {
            ',' when TextAt(",\\!") => ",\\!",
            ',' when TextAt(",\\,") => ",\\,",
            ',' when _brackets <= 0 || _groupInBrackets => ",",
            '，' => "，",
            '.' when GroupAt(_at + 1) && At(_at + 4, ".") && GroupAt(_at + 5) => ".", // 1.000.000; 1.000 is a decimal
            '\'' => "'",
            '{' when TextAt("{,}") => "{,}",
            '{' when TextAt("{\\,}") => "{\\,}",
            '\\' when TextAt("\\,") => "\\,",
            '\\' when TextAt("\\ ") => "\\ ",
            '\\' when TextAt("\\;") => "\\;",
            '\\' when TextAt("\\!,") => "\\!,",
            ' ' or '~' or '\u00A0' or '\u2009' or '\u202F' or '\u2008' or '\u2005' or '\u2006' when _brackets <= 0 => Current.ToString(),
            _ => null,
        };
        if (separator is null || !GroupAt(_at + separator.Length)) return null;
        if (separator != ",") return separator;
        // Every group must have three digits: "1,234,56" is a list.
        int at = _at;
        while (at < _text.Length && _text[at] == ',' && at + 1 < _text.Length && char.IsAsciiDigit(_text[at + 1]))
        {
            if (!GroupAt(at + 1)) return null;
            at += 4;
        }
        return separator;
    }

    private bool GroupAt(int at)
    {
        if (at + 3 > _text.Length || !char.IsAsciiDigit(_text[at]) || !char.IsAsciiDigit(_text[at + 1]) || !char.IsAsciiDigit(_text[at + 2])) return false;
        int after = at + 3;
        if (after >= _text.Length) return true;
        if (char.IsAsciiDigit(_text[after])) return false;
        while (after < _text.Length && _text[after] == ' ') after++;
        return after >= _text.Length || _text[after] != '/' || at == 0 || _text[at - 1] is not (' ' or '~'); // "3 100/201" is a mixed number
    }

    private string FractionPart()
    {
        int start = _at;
        while (char.IsAsciiDigit(Current)) _at++;
        if ((_at - start) % 3 != 0 || _at == start) return _text[start.._at];
        var digits = new StringBuilder(_text, start, _at - start, 64);
        while ((TextAt("\\,") || Current is '\u2009' or '\u202F') && (TextAt("\\,") ? 2 : 1) is int gap && GroupAt(_at + gap))
        {
            digits.Append(_text, _at + gap, 3);
            _at += gap + 3;
        }
        return digits.ToString();
    }

    private bool PeriodEndsNumeral()
    {
        int after = _at + 1;
        return after >= _text.Length || char.IsWhiteSpace(_text[after]) || _text[after] is '$' or '}' or ')' or '\\' or '*' or ']' or ',';
    }

    // 1.2e-3, not 2e.
    private int PowerOfTen()
    {
        if (Current is not ('e' or 'E')) return 0;
        int at = _at + 1;
        if (at < _text.Length && _text[at] is '+' or '-' or '−') at++;
        int start = at;
        while (at < _text.Length && char.IsAsciiDigit(_text[at])) at++;
        if (at == start || at - start > 6 || at < _text.Length && char.IsAsciiLetter(_text[at])) return 0;
        if (at < _text.Length && (_text[at] == '_' || At(at, ")_"))) return 0; // 3E4_{16}
        int power = int.Parse(_text.AsSpan(start, at - start));
        bool negative = _text[start - 1] is '-' or '−';
        _at = at;
        return negative ? -power : power;
    }

    private bool StartsRepetition(int at) => at < _text.Length && (At(at, "\\overline") || At(at, "\\bar") || At(at, "\\dot") && !At(at, "\\dots") || _text[at] == '(' && at + 2 < _text.Length && char.IsAsciiDigit(_text[at + 1]));

    // 0.1\overline{6}, 0.\dot{1}4\dot{2}, 0.(3), 0.333…
    private BigRational? Repetition(string fraction)
    {
        int places = fraction.Length;
        string? period = BarredPeriod() ?? DottedPeriod() ?? BracketedPeriod();
        if (period is not null) return Tail(period, places);
        int dots = TextAt("...") ? 3 : Current == '…' ? 1 : TextAt("\\ldots") ? 6 : TextAt("\\dots") ? 5 : TextAt("\\cdots") ? 6 : 0;
        if (dots == 0) return null;
        _at += dots;
        for (int length = 1; length * 2 <= fraction.Length; length++)
        {
            string end = fraction[^length..];
            if (!fraction[..^length].EndsWith(end, StringComparison.Ordinal) || length == 1 && !fraction.EndsWith(end + end + end, StringComparison.Ordinal)) continue;
            return Tail(end, places);
        }
        return null;
    }

    private static BigRational Tail(string period, int places) =>
        new(BigInteger.Parse(period), BigInteger.Pow(10, places) * (BigInteger.Pow(10, period.Length) - 1));

    private string? BarredPeriod()
    {
        if (Current is not '\0' && Peek(0) is not '\\' || !(TextAt("\\overline") || TextAt("\\bar"))) return null;
        int at = _at + (TextAt("\\overline") ? 9 : 4);
        while (at < _text.Length && _text[at] == ' ') at++;
        bool braces = at < _text.Length && _text[at] == '{';
        int start = braces ? at + 1 : at, end = start;
        while (end < _text.Length && char.IsAsciiDigit(_text[end]) && (braces || end == start)) end++;
        if (end == start || end - start > 64 || braces && (end >= _text.Length || _text[end] != '}')) return null;
        _at = braces ? end + 1 : end;
        return _text[start..end];
    }

    // \dot{7}, \dot{1}4285\dot{7}
    private string? DottedPeriod()
    {
        if (Dotted() is not { } first) return null;
        int at = _at, digits = at;
        while (digits < _text.Length && char.IsAsciiDigit(_text[digits])) digits++;
        _at = digits;
        if (Dotted() is { } last) return first + _text[at..digits] + last;
        _at = at;
        return first.ToString();
    }

    private char? Dotted()
    {
        if (!TextAt("\\dot") || TextAt("\\dots")) return null;
        int at = _at + 4;
        while (at < _text.Length && _text[at] == ' ') at++;
        bool braces = at < _text.Length && _text[at] == '{';
        if (braces) at++;
        if (at >= _text.Length || !char.IsAsciiDigit(_text[at]) || braces && (at + 1 >= _text.Length || _text[at + 1] != '}')) return null;
        _at = at + (braces ? 2 : 1);
        return _text[at];
    }

    private string? BracketedPeriod()
    {
        if (Current != '(') return null;
        int end = _at + 1;
        while (end < _text.Length && char.IsAsciiDigit(_text[end])) end++;
        if (end == _at + 1 || end - _at > 32 || end >= _text.Length || _text[end] != ')') return null;
        string period = _text[(_at + 1)..end];
        _at = end + 1;
        return period;
    }

    private bool TextAt(string expected) => At(_at, expected);

    private bool At(int at, string expected) => string.CompareOrdinal(_text, at, expected, 0, expected.Length) == 0;
}
