using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>
/// Reads one number as people and models write it: <c>1,234</c>, <c>-3.50</c>, <c>\frac{1}{2}</c>, <c>3/4</c>,
/// <c>2\frac12</c>, <c>12 3/4</c>, <c>1.5\times10^{-3}</c>, <c>2.4e6</c>, <c>25\%</c>, <c>\$7</c>, <c>7\text{ cm}</c>.
/// Anything else, and anything of more than <see cref="MostDigits"/> digits, is no number.
/// </summary>
internal ref struct NumberParser
{
    private const int MostDigits = 256;

    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private NumberParser(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Reads a text that is a number and nothing else, or returns null.</summary>
    public static WrittenNumber? Parse(string text)
    {
        var parser = new NumberParser(AnswerText.Clean(text));
        return parser.Number() is { } number && parser._at == parser._text.Length ? number : null;
    }

    private readonly char Current => _at < _text.Length ? _text[_at] : '\0';

    private WrittenNumber? Number()
    {
        bool negative = Sign();
        if (Unsigned() is not { } number) return null;
        if (negative) number = number with { Value = -number.Value };
        Spaces();
        if (Take("%") || Take("\\text{percent}") || Take("\\text{ percent}") || Take("percent"))
            number = number with { Value = number.Value / 100, IsPercent = true };
        Unit();
        return number;
    }

    private WrittenNumber? Unsigned()
    {
        if (Take("\\frac")) return Fraction() is { } fraction ? Exact(fraction) : null;
        if (Decimal() is not { } number) return null;
        int before = _at;
        Spaces();
        if (Take("/")) return Denominator(number.Value);
        if (number.DecimalPlaces is null && Take("\\frac")) return Fraction() is { } part ? Exact(number.Value + part) : null;
        if (number.DecimalPlaces is null && _at > before && MixedPart() is { } mixed) return Exact(number.Value + mixed);
        if (Take("e") || Take("E")) return Power(number, null);
        if (Take("*")) return Power(number, "10^");
        _at = before;
        return number;
    }

    private WrittenNumber? Denominator(ExactNumber numerator)
    {
        Spaces();
        return Decimal() is { Value.IsZero: false } denominator ? Exact(numerator / denominator.Value) : null;
    }

    // "3 1/2": a proper fraction after a whole number and a space.
    private ExactNumber? MixedPart()
    {
        int before = _at;
        if (Digits() is { } numerator && Take("/") && Digits() is { IsZero: false } denominator && numerator < denominator)
            return new ExactNumber(numerator, denominator);
        _at = before;
        return null;
    }

    private WrittenNumber? Power(WrittenNumber number, string? ten)
    {
        Spaces();
        if (ten is not null && !Take(ten)) return null;
        bool braced = Take("{"), negative = Sign();
        if (Digits() is not { } digits || digits > ExactNumber.MostBits || (braced && !Take("}"))) return null;
        return ExactNumber.TryPower10(negative ? -(int)digits : (int)digits) is { } power ? Exact(number.Value * power) : null;
    }

    // After \frac: {a}{b}, 12 or 1{72}, each part a whole number or decimal.
    private ExactNumber? Fraction() =>
        FractionPart() is { } numerator && FractionPart() is { IsZero: false } denominator ? numerator / denominator : null;

    private ExactNumber? FractionPart()
    {
        Spaces();
        if (!Take("{")) return char.IsAsciiDigit(Current) ? _text[_at++] - '0' : null;
        Spaces();
        bool negative = Sign();
        if (Decimal() is not { } number) return null;
        Spaces();
        return !Take("}") ? null : negative ? -number.Value : number.Value;
    }

    // Digits with separators between groups of three, a point and decimals.
    private WrittenNumber? Decimal()
    {
        BigInteger? whole = Grouped();
        if (Current != '.') return whole is { } integer ? Exact(integer) : null;
        _at++;
        int start = _at;
        BigInteger? fraction = Digits();
        int places = _at - start;
        if (fraction is null) return whole is { } integer ? Exact(integer) : null; // "5."
        BigInteger mantissa = (whole ?? 0) * BigInteger.Pow(10, places) + fraction.Value;
        return new WrittenNumber(new ExactNumber(mantissa, BigInteger.Pow(10, places)), false, places, mantissa.IsZero ? 1 : mantissa.ToString().Length);
    }

    private BigInteger? Grouped()
    {
        int start = _at;
        if (Digits() is not { } value) return null;
        if (_at - start > 3) return value;
        char separator = Current;
        if (separator is not (',' or '\u2009' or ' ')) return value;
        while (Current == separator && GroupFollows())
        {
            _at++;
            value = value * 1000 + Digits()!.Value;
            if (_at - start > MostDigits) return null;
        }
        return value;
    }

    private readonly bool GroupFollows()
    {
        int digits = 0;
        while (_at + 1 + digits < _text.Length && char.IsAsciiDigit(_text[_at + 1 + digits])) digits++;
        return digits == 3 && (_at + 4 >= _text.Length || _text[_at + 4] != '/'); // "3 100/201" is a mixed number
    }

    private BigInteger? Digits()
    {
        int start = _at;
        while (char.IsAsciiDigit(Current)) _at++;
        return _at == start || _at - start > MostDigits ? null : BigInteger.Parse(_text[start.._at]);
    }

    private bool Sign()
    {
        Spaces();
        bool negative = Take("-");
        if (!negative) Take("+");
        Spaces();
        return negative;
    }

    // A unit stands after the value: \text{ cm}, \mathrm{~kg}, or words after a space. Letters that touch the number are no unit: 2s is a product.
    private void Unit()
    {
        int before = _at;
        foreach (string wrapper in (ReadOnlySpan<string>)["\\text{", "\\mathrm{", "\\mbox{", "\\textbf{"])
        {
            if (!Take(wrapper)) continue;
            int close = _text[_at..].IndexOf('}');
            if (close >= 0 && IsUnit(_text.Slice(_at, close))) _at += close + 1;
            if (Take("^2") || Take("^3") || Take("^{2}") || Take("^{3}")) { }
            return;
        }
        if (before > 0 && _text[before - 1] == ' ' && IsUnit(_text[before..])) _at = _text.Length;
    }

    private static bool IsUnit(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
            if (!char.IsAsciiLetter(c) && c is not (' ' or '.' or '/' or '-' or '²' or '³')) return false;
        return true;
    }

    private void Spaces()
    {
        while (Current is ' ' or '\u2009') _at++;
    }

    private bool Take(string expected)
    {
        if (!_text[_at..].StartsWith(expected, StringComparison.Ordinal)) return false;
        _at += expected.Length;
        return true;
    }

    private static WrittenNumber Exact(ExactNumber value) => new(value, false, null, 0);
}
