namespace Distill.Verification.Mathematics;

/// <summary>A complex number as two balls.</summary>
internal readonly record struct ComplexBall(Ball Re, Ball Im)
{
    public bool IsReal => Im.IsExactZero;

    public bool ContainsZero => Re.ContainsZero && Im.ContainsZero;

    public long MagnitudeBits => Math.Max(Re.MagnitudeBits, Im.MagnitudeBits);

    public static ComplexBall Real(Ball value) => new(value, Ball.Zero);

    public static ComplexBall operator -(ComplexBall a) => new(-a.Re, -a.Im);
}
