using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>Looking for the nearest entry of <see cref="GgufCodebook"/>.</summary>
internal static class Codebook
{
    /// <summary>The smallest entry; the search scales the largest magnitude of a block to it.</summary>
    public const float Lowest = -127;

    /// <summary>The entries, ascending.</summary>
    public static ReadOnlySpan<float> Values => GgufCodebook.Values;

    /// <summary>
    /// Middles between neighbours; exact, and so near to them in magnitude that comparing with the middle decides exactly as
    /// comparing the two rounded distances does.
    /// </summary>
    public static ReadOnlySpan<float> Middles => [-115.5f, -93.5f, -74, -57, -42, -28.5f, -16, -4.5f, 7, 19, 31.5f, 45.5f, 61, 79, 101, float.PositiveInfinity];
}
