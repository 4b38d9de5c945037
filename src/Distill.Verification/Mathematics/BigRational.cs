using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>A rational number in lowest terms with a positive denominator.</summary>
internal readonly struct BigRational : IEquatable<BigRational>, IComparable<BigRational>
{
    private readonly BigInteger _denominatorMinusOne;

    /// <summary>The integer as a rational.</summary>
    public BigRational(BigInteger numerator) => Numerator = numerator;

    /// <summary>The quotient of two integers, reduced. The denominator is not 0.</summary>
    public BigRational(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.Sign < 0) (numerator, denominator) = (-numerator, -denominator);
        BigInteger common = denominator.IsOne ? BigInteger.One : BigInteger.GreatestCommonDivisor(numerator, denominator);
        if (!common.IsOne) (numerator, denominator) = (numerator / common, denominator / common);
        Numerator = numerator;
        _denominatorMinusOne = denominator - 1;
    }

    private BigRational(BigInteger numerator, BigInteger denominator, bool reduced)
    {
        _ = reduced;
        Numerator = numerator;
        _denominatorMinusOne = denominator - 1;
    }

    public static BigRational Zero => default;

    public static BigRational One { get; } = new(BigInteger.One);

    public static BigRational Half { get; } = new(1, 2);

    public BigInteger Numerator { get; }

    public BigInteger Denominator => _denominatorMinusOne + 1;

    public bool IsInteger => _denominatorMinusOne.IsZero;

    public bool IsZero => Numerator.IsZero;

    public bool IsOne => Numerator.IsOne && IsInteger;

    public int Sign => Numerator.Sign;

    /// <summary>Bits of the longer of numerator and denominator.</summary>
    public long Bits => Math.Max(Numerator.GetBitLength(), IsInteger ? 1 : _denominatorMinusOne.GetBitLength());

    public static implicit operator BigRational(int value) => new(new BigInteger(value));

    public static implicit operator BigRational(BigInteger value) => new(value);

    public static BigRational operator +(BigRational a, BigRational b) => a.IsInteger && b.IsInteger
        ? new(a.Numerator + b.Numerator)
        : new(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static BigRational operator -(BigRational a, BigRational b) => a + -b;

    public static BigRational operator -(BigRational a) => new(-a.Numerator, a.Denominator, reduced: true);

    public static BigRational operator *(BigRational a, BigRational b) => a.IsInteger && b.IsInteger
        ? new(a.Numerator * b.Numerator)
        : new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static BigRational operator /(BigRational a, BigRational b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public static bool operator ==(BigRational a, BigRational b) => a.Equals(b);

    public static bool operator !=(BigRational a, BigRational b) => !a.Equals(b);

    public static bool operator <(BigRational a, BigRational b) => a.CompareTo(b) < 0;

    public static bool operator >(BigRational a, BigRational b) => a.CompareTo(b) > 0;

    public static bool operator <=(BigRational a, BigRational b) => a.CompareTo(b) <= 0;

    public static bool operator >=(BigRational a, BigRational b) => a.CompareTo(b) >= 0;

    /// <summary>A power; the exponent is negative only for a value other than 0.</summary>
    public BigRational Power(int exponent) => exponent >= 0
        ? new(BigInteger.Pow(Numerator, exponent), BigInteger.Pow(Denominator, exponent), reduced: true)
        : new BigRational(Denominator, Numerator).Power(-exponent);

    public BigRational Abs() => Sign < 0 ? -this : this;

    public BigInteger Floor() => IsInteger ? Numerator : BigInteger.Divide(Numerator - (Sign < 0 ? _denominatorMinusOne : BigInteger.Zero), Denominator);

    /// <summary>The nearest multiple of 10^-places, halves away from 0.</summary>
    public BigRational Rounded(int places)
    {
        BigInteger scale = BigInteger.Pow(10, Math.Abs(places));
        BigRational scaled = places >= 0 ? Abs() * scale : Abs() / scale;
        BigRational rounded = (scaled + Half).Floor();
        return (places >= 0 ? rounded / scale : rounded * scale) * Sign;
    }

    public int CompareTo(BigRational other) => (this - other).Sign;

    public bool Equals(BigRational other) => Numerator == other.Numerator && _denominatorMinusOne == other._denominatorMinusOne;

    public override bool Equals(object? obj) => obj is BigRational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, _denominatorMinusOne);

    public override string ToString() => IsInteger ? Numerator.ToString() : $"{Numerator}/{Denominator}";
}
