namespace Distill.Weights;

/// <summary>The sixteen values that the levels of IQ4_NL and IQ4_XS stand for, denser around zero as weights are.</summary>
public static class GgufCodebook
{
    /// <summary>The values, ascending.</summary>
    public static ReadOnlySpan<float> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
}
