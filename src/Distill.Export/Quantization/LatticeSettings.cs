using Distill.Weights;

namespace Distill.Export.Quantization;

/// <summary>How a type with a lattice of two- or three-bit levels is searched; each type chooses.</summary>
/// <param name="SubBlock">Weights that share a scale.</param>
/// <param name="Levels">Levels of a weight.</param>
/// <param name="Reach">Candidates on each side of the scale that maps the largest weight to the highest level.</param>
/// <param name="Step">Distance of neighbouring candidates, in levels.</param>
/// <param name="EvenSigns">Whether the number of negative weights in eight must be even, so that seven bits store them.</param>
/// <param name="Energy">Times the mean square of the super-block: what is added to the squares under the root of an importance.</param>
/// <param name="Negligible">Sub-blocks without a magnitude of this are stored as zeros.</param>
/// <param name="ScaleFactor">The stored scale is larger by this.</param>
/// <param name="Refinement">Which groups get new points for the best candidate's fitted scale.</param>
internal sealed record LatticeSettings(
    int SubBlock, int Levels, int Reach, float Step, bool EvenSigns, float Energy, float Negligible, float ScaleFactor, LatticeRefinement Refinement)
{
    /// <summary>Without importance a square counts, and this part of the energy.</summary>
    public float EnergyWithoutImportance => Levels == 8 ? 0 : 0.25f;

    /// <summary>Whether points and signs are stored even when all scales vanish.</summary>
    public bool KeepsWithoutScale => !EvenSigns;

    /// <summary>Whether sub-blocks of zeros store no points and signs, so that those of later ones move up.</summary>
    public bool ClosesGaps => Refinement == LatticeRefinement.AllIfAnyMoved;

    /// <summary>Weights of a group, which one point stands for.</summary>
    public int Group => Levels == 8 ? 4 : 8;

    /// <summary>Bits of a level.</summary>
    public int Bits => Levels == 8 ? 3 : 2;

    /// <summary>A level stands for this many half steps at most.</summary>
    public int Top => (2 * Levels) - 1;

    /// <summary>The settings of a type.</summary>
    public static LatticeSettings Of(GgufTensorType type) => type switch
    {
        GgufTensorType.IQ2_XXS => new(32, 3, 6, 0.1f, EvenSigns: true, 1, 1e-15f, 1, LatticeRefinement.Always),
        GgufTensorType.IQ2_XS => new(16, 3, 9, 0.1f, EvenSigns: true, 1, 1e-15f, 1, LatticeRefinement.Moved),
        GgufTensorType.IQ2_S => new(16, 3, 9, 0.1f, EvenSigns: false, 2, 1e-8f, 0.9875f, LatticeRefinement.Moved),
        GgufTensorType.IQ3_XXS => new(32, 8, 15, 0.2f, EvenSigns: true, 2, 1e-8f, 1.0125f, LatticeRefinement.Moved),
        GgufTensorType.IQ3_S => new(32, 8, 9, 0.2f, EvenSigns: false, 2, float.Epsilon, 1.033f, LatticeRefinement.AllIfAnyMoved),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no such lattice"),
    };
}

/// <summary>Which groups of a sub-block get new points for its fitted scale.</summary>
internal enum LatticeRefinement
{
    /// <summary>Those whose levels were no point.</summary>
    Moved,

    /// <summary>All, if the levels of one were no point, or if no candidate was any good.</summary>
    AllIfAnyMoved,

    /// <summary>All.</summary>
    Always,
}
