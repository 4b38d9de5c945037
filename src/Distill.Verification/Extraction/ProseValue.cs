using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>A formula or number in running text, which may be the answer.</summary>
/// <param name="Start">Where it begins in its sentence.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Text">What it says, without formula marks.</param>
/// <param name="IsFormula">Whether it is marked as a formula.</param>
internal sealed record ProseValue(int Start, int End, string Text, bool IsFormula)
{
    private static readonly SearchValues<char> Valued = SearchValues.Create("0123456789=<>+");

    private static readonly SearchValues<string> ValuedCommands = SearchValues.Create(["pi", "sqrt", "infty", "text", "emptyset", "varnothing", "mathbb", "mathrm"], StringComparison.Ordinal);

    /// <summary>Its part in the sentence.</summary>
    public ValueRole Role { get; init; }

    /// <summary>Whether it is nothing but a name such as <c>x</c>, which says where a value belongs.</summary>
    public bool IsName => IsFormula && Text.Length <= 24 && !Text.AsSpan().ContainsAny(Valued) && !Text.AsSpan().ContainsAny(ValuedCommands);

    /// <summary>Whether it says itself what has the value: x = 5.</summary>
    public bool IsEquation => IsFormula && Text.Contains('=');

    /// <summary>The value without the name before it and without spacing, for comparing spellings.</summary>
    public string Bare => Text[(Text.LastIndexOf('=') + 1)..].Replace(" ", "", StringComparison.Ordinal);
}
