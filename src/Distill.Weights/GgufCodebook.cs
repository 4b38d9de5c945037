namespace Distill.Weights;

/// <summary>Sixteen values that the levels of a type stand for.</summary>
public static class GgufCodebook
{
    /// <summary>IQ4_NL and IQ4_XS: ascending, denser around zero as weights are.</summary>
    public static ReadOnlySpan<float> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>MXFP4: twice the floats of two exponent bits and one mantissa bit, in the order of their bits.</summary>
    public static ReadOnlySpan<float> FourBitFloats => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>MXFP4: half of the power of two that an exponent byte stands for, 2^(exponent - 128), which fits <see cref="FourBitFloats"/>.</summary>
    public static float HalfStep(byte exponent) => BitConverter.Int32BitsToSingle(exponent < 2 ? 0x20_0000 << exponent : (exponent - 1) << 23);
}
