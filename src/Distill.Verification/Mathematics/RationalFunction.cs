namespace Distill.Verification.Mathematics;

/// <summary>A quotient of two normal forms. The denominator is 1 or has several terms: single terms are divided out.</summary>
internal sealed record RationalFunction(Polynomial Numerator, Polynomial Denominator)
{
    public static RationalFunction Zero { get; } = Of(Polynomial.Zero);

    public static RationalFunction One { get; } = Of(Polynomial.One);

    public bool IsPolynomial => Denominator.Constant is { IsOne: true };

    /// <summary>The value when it is a rational number.</summary>
    public BigRational? Constant => IsPolynomial ? Numerator.Constant : null;

    public static RationalFunction Of(Polynomial polynomial) => new(polynomial, Polynomial.One);

    public static RationalFunction Of(BigRational value) => new(Polynomial.Of(value), Polynomial.One);
}
