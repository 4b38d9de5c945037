using System.Numerics;

namespace Distill.Verification.Mathematics;

// Elementary functions in fixed point: an integer x stands for x·2^-bits. Every series is cut where its terms vanish, so that the
// error of a result stays far below the 2^16 units that are added to its radius.
internal sealed partial class BallArithmetic
{
    private const int GuardBits = 64;

    private static readonly BigInteger SeriesError = 1 << 16;

    private (int Bits, BigInteger Value) _pi, _ln2;

    public Ball Pi()
    {
        int bits = precision + GuardBits;
        return Round(PiFixed(bits), SeriesError, -bits);
    }

    public Ball E() => Exp(Ball.One);

    public Ball Exp(Ball x)
    {
        if (x.IsExactZero) return Ball.One;
        if (x.MagnitudeBits > 45) throw new WorkExceededException();
        int bits = precision + GuardBits + (int)Math.Max(0, x.MagnitudeBits);
        BigInteger value = Fixed(x, bits), ln2 = Ln2Fixed(bits);
        BigInteger halvings = (value + (ln2 >> 1)) / ln2;
        BigInteger result = ExpFixed(value - halvings * ln2, bits);
        Ball spread = new(x.Radius, 0, x.Exponent);
        if (spread.MagnitudeBits > -2 && !x.IsExact) throw new WorkExceededException();
        BigInteger radius = SeriesError + (x.IsExact ? 0 : (result * x.Radius * 2 >> (int)Math.Min(int.MaxValue, -x.Exponent)) + 1);
        if (!x.IsExact && x.Exponent > 0) throw new WorkExceededException();
        return Round(result, radius, (long)halvings - bits);
    }

    /// <summary>The natural logarithm, or null when the value may be 0 or less.</summary>
    public Ball? Ln(Ball x)
    {
        if (!x.IsPositive) return null;
        int bits = precision + GuardBits;
        int length = (int)x.Mid.GetBitLength();
        BigInteger fraction = length <= bits ? x.Mid << (bits - length) : x.Mid >> (length - bits); // in [1/2, 1)
        long exponent = x.Exponent + length;
        BigInteger y = FromDouble(Math.Log(Math.ScaleB((double)(fraction >> (bits - 60)), -60)), bits);
        for (int correct = 48; correct < bits; correct *= 3)
        {
            BigInteger e = ExpFixed(y, bits);
            y += (fraction - e << (bits + 1)) / (fraction + e);
        }
        y += exponent * Ln2Fixed(bits + 64) >> 64;
        BigInteger relative = x.IsExact ? 0 : (x.Radius << bits) / (x.Mid - x.Radius) + 1;
        return Round(y, relative + SeriesError, -bits);
    }

    public (Ball Sine, Ball Cosine) SineCosine(Ball x)
    {
        if (x.IsExactZero) return (Ball.Zero, Ball.One);
        long magnitude = Math.Max(0, x.MagnitudeBits);
        if (magnitude > 4096) throw new WorkExceededException();
        int bits = precision + GuardBits, wide = bits + (int)magnitude;
        BigInteger value = Fixed(x, wide), quarter = PiFixed(wide) >> 1;
        BigInteger turns = BigInteger.Divide(value * 2 + (value.Sign < 0 ? -quarter : quarter), quarter * 2);
        BigInteger rest = value - turns * quarter >> (int)magnitude;
        (BigInteger sine, BigInteger cosine) = SineCosineFixed(rest, bits);
        BigInteger spread = SpreadFixed(x, bits) + SeriesError;
        Ball s = Round(sine, spread, -bits), c = Round(cosine, spread, -bits);
        return (int)((turns % 4 + 4) % 4) switch { 0 => (s, c), 1 => (c, -s), 2 => (-s, -c), _ => (-c, s) };
    }

    public Ball Arctan(Ball x)
    {
        if (x.IsExactZero) return x;
        int bits = precision + GuardBits;
        if (x.MagnitudeBits > 1 && !x.ContainsZero)
        {
            Ball half = Round(PiFixed(bits) >> 1, SeriesError, -bits);
            Ball rest = Arctan(Divide(Ball.One, x)!.Value);
            return Subtract(x.Mid.Sign < 0 ? -half : half, rest);
        }
        if (x.MagnitudeBits > 3) throw new WorkExceededException();
        return Round(ArctanFixed(Fixed(x, bits), bits), SpreadFixed(x, bits) + SeriesError, -bits);
    }

    /// <summary>The arc sine, or null outside [-1, 1].</summary>
    public Ball? Arcsin(Ball x)
    {
        if (SquareRoot(Subtract(Ball.One, Multiply(x, x))) is not { } cosine) return null;
        if (!cosine.ContainsZero) return Arctan(Divide(x, cosine)!.Value);
        Ball half = Multiply(Pi(), new Ball(1, 0, -1));
        return !cosine.IsExactZero ? null : x.Mid.Sign < 0 ? -half : half;
    }

    private static BigInteger Shift(BigInteger value, long by) => by >= 0 ? value << (int)Math.Min(by, 1 << 20) : value >> (int)Math.Min(-by, 1 << 20);

    private static BigInteger Fixed(Ball x, int bits) => Shift(x.Mid, x.Exponent + bits);

    private static BigInteger SpreadFixed(Ball x, int bits) => x.IsExact ? 0 : Shift(x.Radius, x.Exponent + bits) + 1;

    private static BigInteger FromDouble(double value, int bits) => (BigInteger)Math.ScaleB(value, 60) << (bits - 60);

    // e^x for |x| below 1: x / 2^8 in a Taylor series, squared eight times.
    private BigInteger ExpFixed(BigInteger x, int bits)
    {
        const int halvings = 8;
        int wide = bits + halvings + 8;
        BigInteger one = BigInteger.One << wide, reduced = x << (wide - bits - halvings), term = one, sum = one;
        for (int n = 1; !term.IsZero; n++)
        {
            term = (term * reduced >> wide) / n;
            if (term == BigInteger.MinusOne) break; // a shift rounds down and never reaches 0
            sum += term;
            budget.ChargeProduct(wide, wide);
        }
        for (int i = 0; i < halvings; i++) sum = sum * sum >> wide;
        return sum >> (wide - bits);
    }

    private (BigInteger Sine, BigInteger Cosine) SineCosineFixed(BigInteger x, int bits)
    {
        const int halvings = 4;
        int wide = bits + 2 * halvings + 8;
        BigInteger reduced = x << (wide - bits - halvings), square = reduced * reduced >> wide;
        BigInteger term = reduced, sine = reduced;
        for (int n = 2; !term.IsZero && term != BigInteger.MinusOne; n += 2)
        {
            term = -(term * square >> wide) / (n * (n + 1));
            sine += term;
            budget.ChargeProduct(wide, wide);
        }
        BigInteger one = BigInteger.One << wide;
        term = one;
        BigInteger cosine = one;
        for (int n = 1; !term.IsZero && term != BigInteger.MinusOne; n += 2)
        {
            term = -(term * square >> wide) / (n * (n + 1));
            cosine += term;
            budget.ChargeProduct(wide, wide);
        }
        for (int i = 0; i < halvings; i++)
        {
            BigInteger doubled = sine * cosine >> (wide - 1);
            cosine = one - (sine * sine >> (wide - 1));
            sine = doubled;
        }
        return (sine >> (wide - bits), cosine >> (wide - bits));
    }

    // Halves the angle four times: tan(a/2) = t / (1 + √(1 + t²)).
    private BigInteger ArctanFixed(BigInteger x, int bits)
    {
        BigInteger one = BigInteger.One << bits, t = x;
        for (int i = 0; i < 4; i++)
            t = (t << bits) / (one + IntegerRoot.Of((one << bits) + t * t, 2, budget));
        BigInteger square = t * t >> bits, power = t, sum = t;
        for (int n = 3; !power.IsZero && power != BigInteger.MinusOne; n += 2)
        {
            power = -(power * square >> bits);
            sum += power / n;
            budget.ChargeProduct(bits, bits);
        }
        return sum << 4;
    }

    private BigInteger PiFixed(int bits)
    {
        if (_pi.Bits < bits) _pi = (bits, (16 * ArctanOfInverse(5, bits + 8, alternate: true) - 4 * ArctanOfInverse(239, bits + 8, alternate: true)) >> 8);
        return _pi.Value >> (_pi.Bits - bits);
    }

    private BigInteger Ln2Fixed(int bits)
    {
        if (_ln2.Bits < bits)
            _ln2 = (bits, (18 * ArctanOfInverse(26, bits + 8, alternate: false) - 2 * ArctanOfInverse(4801, bits + 8, alternate: false) + 8 * ArctanOfInverse(8749, bits + 8, alternate: false)) >> 8);
        return _ln2.Value >> (_ln2.Bits - bits);
    }

    // atan(1/n), or atanh(1/n) where signs do not alternate.
    private BigInteger ArctanOfInverse(int n, int bits, bool alternate)
    {
        BigInteger power = (BigInteger.One << bits) / n, sum = power;
        int square = n * n;
        for (int k = 3; !power.IsZero; k += 2)
        {
            power /= alternate ? -square : square;
            sum += power / k;
            budget.Charge(4 + bits / 64);
        }
        return sum;
    }
}
