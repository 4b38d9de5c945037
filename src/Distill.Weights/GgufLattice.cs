namespace Distill.Weights;

/// <summary>
/// The points that stand for eight (IQ1, IQ2) or four (IQ3) neighbouring weights: of all combinations of levels only those of the type's
/// list exist in a file, which stores their numbers.
/// </summary>
public static partial class GgufLattice
{
    /// <summary>Whether blocks of the type hold numbers of points.</summary>
    public static bool Has(GgufTensorType type) => type is GgufTensorType.IQ1_S or GgufTensorType.IQ1_M
        or GgufTensorType.IQ2_XXS or GgufTensorType.IQ2_XS or GgufTensorType.IQ2_S or GgufTensorType.IQ3_XXS or GgufTensorType.IQ3_S;

    /// <summary>Bits of one level in a point.</summary>
    public static int BitsOfLevel(GgufTensorType type) => type is GgufTensorType.IQ3_XXS or GgufTensorType.IQ3_S ? 3 : 2;

    /// <summary>The type's points, ascending: the level of the first weight in the lowest bits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type has none.</exception>
    public static ReadOnlySpan<ushort> Points(GgufTensorType type) => type switch
    {
        GgufTensorType.IQ2_XXS => PointsOfIQ2XXS,
        GgufTensorType.IQ2_XS => PointsOfIQ2XS,
        GgufTensorType.IQ2_S => PointsOfIQ2S,
        GgufTensorType.IQ1_S or GgufTensorType.IQ1_M => PointsOfIQ1,
        GgufTensorType.IQ3_XXS => PointsOfIQ3XXS,
        GgufTensorType.IQ3_S => PointsOfIQ3S,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no lattice"),
    };
}
