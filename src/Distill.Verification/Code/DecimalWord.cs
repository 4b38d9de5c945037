using System.Globalization;

namespace Distill.Verification.Code;

/// <summary>A decimal number as written, of any length, in the one form that equal numbers share.</summary>
/// <param name="Negative">Whether it is below zero.</param>
/// <param name="Digits">Its digits without zeros at either end; empty for zero.</param>
/// <param name="Exponent">Power of ten of the last digit.</param>
internal readonly record struct DecimalWord(bool Negative, string Digits, long Exponent)
{
    /// <summary>Reads a number such as <c>-1.50</c> or <c>2e3</c>; null when the word is none.</summary>
    public static DecimalWord? TryParse(string word)
    {
        ReadOnlySpan<char> rest = word;
        bool negative = rest.StartsWith("-");
        if (rest.Length > 0 && rest[0] is '-' or '+') rest = rest[1..];
        long exponent = 0;
        int mark = rest.IndexOfAny('e', 'E');
        if (mark >= 0)
        {
            if (!long.TryParse(rest[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs(exponent) > int.MaxValue) return null;
            rest = rest[..mark];
        }
        int point = rest.IndexOf('.');
        string digits = rest.ToString();
        if (point >= 0)
        {
            exponent -= rest.Length - point - 1;
            digits = digits.Remove(point, 1);
        }
        if (digits.Length == 0 || digits.AsSpan().ContainsAnyExceptInRange('0', '9')) return null;
        string trimmed = digits.TrimEnd('0');
        exponent += digits.Length - trimmed.Length;
        trimmed = trimmed.TrimStart('0');
        return trimmed.Length == 0 ? new DecimalWord(false, "", 0) : new DecimalWord(negative, trimmed, exponent);
    }
}
