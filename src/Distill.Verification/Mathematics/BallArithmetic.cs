using System.Numerics;

namespace Distill.Verification.Mathematics;

/// <summary>Arithmetic with balls at a fixed precision: every result contains every true result.</summary>
/// <param name="precision">Bits of the middle.</param>
/// <param name="budget">Charged for every operation.</param>
internal sealed partial class BallArithmetic(int precision, WorkBudget budget)
{
    private const long LargestExponent = 1L << 48;

    public int Precision => precision;

    public Ball Of(BigRational value) => value.IsInteger ? Round(value.Numerator, 0, 0) : Divide(Ball.Of(value.Numerator), Ball.Of(value.Denominator))!.Value;

    public Ball Add(Ball a, Ball b)
    {
        if (a.IsExactZero) return b;
        if (b.IsExactZero) return a;
        if (a.Exponent < b.Exponent) (a, b) = (b, a);
        long gap = a.Exponent - b.Exponent;
        if (gap > precision + 64 + (long)BigInteger.Abs(b.Mid).GetBitLength()) // b is less than a unit of a
            return Round(a.Mid << 8, (a.Radius << 8) + 1, a.Exponent - 8);
        return Round((a.Mid << (int)gap) + b.Mid, (a.Radius << (int)gap) + b.Radius, b.Exponent);
    }

    public Ball Subtract(Ball a, Ball b) => Add(a, -b);

    public Ball Multiply(Ball a, Ball b) => a.IsExactZero || b.IsExactZero ? Ball.Zero
        : Round(a.Mid * b.Mid, BigInteger.Abs(a.Mid) * b.Radius + BigInteger.Abs(b.Mid) * a.Radius + a.Radius * b.Radius, a.Exponent + b.Exponent);

    /// <summary>The quotient, or null when the divisor may be 0.</summary>
    public Ball? Divide(Ball a, Ball b)
    {
        if (b.ContainsZero) return null;
        if (a.IsExactZero) return a;
        BigInteger divisor = BigInteger.Abs(b.Mid), least = divisor - b.Radius;
        int shift = (int)Math.Max(0, precision + 8 + (long)divisor.GetBitLength() - (long)BigInteger.Abs(a.Mid).GetBitLength());
        BigInteger top = a.Mid << shift;
        (BigInteger quotient, BigInteger remainder) = BigInteger.DivRem(b.Mid.Sign < 0 ? -top : top, divisor);
        BigInteger radius = !a.IsExact || !b.IsExact ? BigInteger.Abs(top) * b.Radius / (divisor * least) + (a.Radius << shift) / least + 2
            : remainder.IsZero ? 0 : 1;
        return Round(quotient, radius, a.Exponent - b.Exponent - shift);
    }

    /// <summary>The square root, or null when the value is certainly negative.</summary>
    public Ball? SquareRoot(Ball x)
    {
        if (x.IsExactZero) return x;
        if (x.IsNegative) return null;
        long exponent = x.Exponent;
        BigInteger mid = x.Mid, radius = x.Radius;
        int shift = (int)Math.Max(0, 2 * precision - (long)BigInteger.Abs(mid).GetBitLength());
        if (((exponent - shift) & 1) != 0) shift++;
        (mid, radius, exponent) = (mid << shift, radius << shift, exponent - shift);
        if (mid <= radius) return Round(0, IntegerRoot.Of(BigInteger.Abs(mid) + radius, 2, budget) + 1, exponent / 2); // 0 lies within
        BigInteger root = IntegerRoot.Of(mid, 2, budget);
        BigInteger spread = radius.IsZero ? root * root == mid ? 0 : 1 : radius / IntegerRoot.Of(mid - radius, 2, budget) + 2;
        return Round(root, spread, exponent / 2);
    }

    /// <summary>A whole power, or null for 0 to a negative power.</summary>
    public Ball? Power(Ball x, BigInteger exponent)
    {
        if (exponent.Sign < 0) return Power(x, -exponent) is { } inverse ? Divide(Ball.One, inverse) : null;
        if (exponent.GetBitLength() > 62) throw new WorkExceededException();
        Ball result = Ball.One;
        for (Ball square = x; !exponent.IsZero; exponent >>= 1)
        {
            if (!exponent.IsEven) result = Multiply(result, square);
            if (exponent > 1) square = Multiply(square, square);
        }
        return result;
    }

    private Ball Round(BigInteger mid, BigInteger radius, long exponent)
    {
        long bits = (long)BigInteger.Abs(mid).GetBitLength();
        budget.Charge(30 + bits * precision / 2500);
        long shift = Math.Max(bits - precision, radius.IsZero ? 0 : (long)radius.GetBitLength() - 64);
        if (shift > 0)
        {
            bool exact = radius.IsZero && (mid & ((BigInteger.One << (int)shift) - 1)).IsZero;
            mid >>= (int)shift;
            radius = exact ? 0 : (radius >> (int)shift) + 2;
            exponent += shift;
        }
        if (Math.Abs(exponent) > LargestExponent) throw new WorkExceededException();
        return new Ball(mid, radius, exponent);
    }
}
