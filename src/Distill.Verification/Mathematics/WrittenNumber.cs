namespace Distill.Verification.Mathematics;

/// <summary>A number with what its writing tells about it.</summary>
/// <param name="Value">The value, a percentage divided by 100.</param>
/// <param name="IsPercent">Whether it was written with a percent sign.</param>
/// <param name="DecimalPlaces">Digits after the point of a plain decimal, or null for whole numbers, fractions and powers of ten.</param>
/// <param name="SignificantDigits">Digits of a plain decimal from the first that is not 0.</param>
internal readonly record struct WrittenNumber(ExactNumber Value, bool IsPercent, int? DecimalPlaces, int SignificantDigits)
{
    /// <summary>A decimal stands for a number without end only from so many digits on: 0.33 is not a third.</summary>
    private const int FewestDigitsOfRounding = 6;

    /// <summary>
    /// Whether this answer equals the reference answer: the same value; or a decimal that is the reference rounded to its own
    /// places, six significant digits at least. A percent sign may be missing on one side ("25" for "25%").
    /// </summary>
    public bool Matches(WrittenNumber reference)
    {
        if (Value == reference.Value) return true;
        if (IsPercent != reference.IsPercent) return Value * (IsPercent ? 100 : 1) == reference.Value * (reference.IsPercent ? 100 : 1);
        return DecimalPlaces is { } places && !IsPercent && SignificantDigits >= FewestDigitsOfRounding
            && reference.DecimalPlaces is null && reference.Value.Rounded(places) == Value;
    }
}
