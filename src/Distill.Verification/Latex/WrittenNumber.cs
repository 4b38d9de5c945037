using Distill.Verification.Mathematics;

namespace Distill.Verification.Latex;

/// <summary>A numeral with what its writing tells.</summary>
/// <param name="Value">The value.</param>
/// <param name="Digits">The digits alone when the numeral is nothing but digits and group separators, else null.</param>
/// <param name="DecimalPlaces">The power of ten (negated) of the last digit written, for decimals and scientific notation; null for whole numbers and repeating decimals.</param>
/// <param name="SignificantDigits">Digits from the first that is not 0, for decimals and scientific notation.</param>
/// <param name="Grouped">Whether a comma was read as a separator of thousands.</param>
internal sealed record WrittenNumber(BigRational Value, string? Digits, int? DecimalPlaces = null, int SignificantDigits = 0, bool Grouped = false);
