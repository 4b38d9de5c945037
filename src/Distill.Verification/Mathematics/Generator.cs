using System.Numerics;

namespace Distill.Verification.Mathematics;

internal enum GeneratorKind
{
    /// <summary>A variable.</summary>
    Symbol,

    /// <summary>A prime number, with exponents between 0 and 1; its radicals are linearly independent over the rationals.</summary>
    Prime,

    /// <summary>The imaginary unit.</summary>
    Imaginary,

    /// <summary>π or e.</summary>
    Transcendental,

    /// <summary>A power of a polynomial that is not expanded.</summary>
    Power,

    /// <summary>The cosine of something, whose square is 1 minus the square of the sine.</summary>
    Cosine,

    /// <summary>Anything else; it may depend on other generators in ways that are not known here.</summary>
    Opaque,
}

/// <summary>A generator of normal forms.</summary>
/// <param name="Kind">What is known about it.</param>
/// <param name="Key">Its canonical spelling: equal generators have equal keys.</param>
/// <param name="Prime">The prime.</param>
/// <param name="Radicand">The polynomial of a power.</param>
/// <param name="Partner">The sine that belongs to a cosine.</param>
internal sealed record Generator(GeneratorKind Kind, string Key, BigInteger Prime = default, Polynomial? Radicand = null, int Partner = -1);
