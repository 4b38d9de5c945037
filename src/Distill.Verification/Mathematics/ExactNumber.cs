using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>A rational number in lowest terms, denominator positive. Comparison is exact.</summary>
internal readonly record struct ExactNumber
{
    /// <summary>Numbers of more bits than this are not made; see <see cref="TryPower10"/>.</summary>
    public const int MostBits = 8192;

    private readonly BigInteger _denominatorLessOne; // so that default is 0 = 0/1

    public ExactNumber(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsZero) throw new DivideByZeroException();
        BigInteger divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        Numerator = numerator / divisor;
        _denominatorLessOne = denominator / divisor - 1;
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator => _denominatorLessOne + 1;

    public bool IsZero => Numerator.IsZero;

    public static implicit operator ExactNumber(BigInteger value) => new(value, BigInteger.One);

    public static implicit operator ExactNumber(int value) => new(value, BigInteger.One);

    public static ExactNumber operator +(ExactNumber a, ExactNumber b) =>
        new(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static ExactNumber operator -(ExactNumber a, ExactNumber b) => a + -b;

    public static ExactNumber operator -(ExactNumber a) => new(-a.Numerator, a.Denominator);

    public static ExactNumber operator *(ExactNumber a, ExactNumber b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static ExactNumber operator /(ExactNumber a, ExactNumber b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    /// <summary>Ten to a power, or null when it would have more than <see cref="MostBits"/> bits.</summary>
    public static ExactNumber? TryPower10(int exponent) => Math.Abs((long)exponent) * 10 / 3 > MostBits ? null
        : exponent >= 0 ? BigInteger.Pow(10, exponent) : new ExactNumber(BigInteger.One, BigInteger.Pow(10, -exponent));

    /// <summary>The nearest number of that many decimal places, halves away from zero.</summary>
    public ExactNumber Rounded(int decimalPlaces)
    {
        BigInteger scale = BigInteger.Pow(10, decimalPlaces);
        BigInteger doubled = BigInteger.Abs(Numerator) * scale * 2 + Denominator;
        return new ExactNumber(BigInteger.Divide(doubled, 2 * Denominator) * Numerator.Sign, scale);
    }

    public override string ToString() => Denominator.IsOne ? Numerator.ToString() : $"{Numerator}/{Denominator}";
}
