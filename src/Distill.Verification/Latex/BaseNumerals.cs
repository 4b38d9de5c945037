using System.Numerics;

namespace Distill.Verification.Latex;

/// <summary>Numerals in bases from 2 to 36.</summary>
internal static class BaseNumerals
{
    /// <summary>The numeral, or null when the base is no base or a digit does not belong to it.</summary>
    public static BaseNumeralNode? Read(string digits, string baseDigits) =>
        int.TryParse(baseDigits, out int @base) ? Read(digits, @base) : null;

    /// <inheritdoc cref="Read(string, string)"/>
    public static BaseNumeralNode? Read(string digits, int @base)
    {
        if (@base is < 2 or > 36 || digits.Length is 0 or > 256) return null;
        BigInteger value = 0;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToUpperInvariant(c) - 'A' + 10 : int.MaxValue;
            if (digit >= @base) return null;
            value = value * @base + digit;
        }
        return new BaseNumeralNode(digits.ToUpperInvariant(), @base, value);
    }
}
