using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>A real number known to lie within (Mid ± Radius)·2^Exponent.</summary>
internal readonly record struct Ball(BigInteger Mid, BigInteger Radius, long Exponent)
{
    public static Ball Zero => default;

    public static Ball One { get; } = new(1, 0, 0);

    public bool IsExact => Radius.IsZero;

    public bool IsExactZero => Mid.IsZero && Radius.IsZero;

    public bool ContainsZero => BigInteger.Abs(Mid) <= Radius;

    public bool IsPositive => Mid > Radius;

    public bool IsNegative => -Mid > Radius;

    /// <summary>An upper bound of log2 of the largest absolute value; far below 0 for exact zero.</summary>
    public long MagnitudeBits => IsExactZero ? long.MinValue / 4 : (long)(BigInteger.Abs(Mid) + Radius).GetBitLength() + Exponent;

    public static Ball operator -(Ball a) => a with { Mid = -a.Mid };

    public static Ball Of(BigInteger value) => new(value, 0, 0);

    /// <summary>An approximation of the middle.</summary>
    public double ToDouble()
    {
        long bits = (long)BigInteger.Abs(Mid).GetBitLength();
        long shift = Math.Max(0, bits - 60);
        return Math.ScaleB((double)(Mid >> (int)shift), (int)Math.Clamp(shift + Exponent, -5000, 5000));
    }
}
