using System.Text.Json;
using Distill.Verification;

namespace Distill.Curation;

/// <summary>What becomes of a trace: kept, or dropped for the first of these reasons that holds.</summary>
internal enum Fate : byte
{
    Kept,
    EngineError,
    Truncated,
    ReasoningUnclosed,
    VerdictIncorrect,
    VerdictUnverifiable,
    VerdictCorrect,
    TooLong,
    Duplicate,
    OverMaxPerPrompt,
}

/// <summary>The names of fates in files.</summary>
internal static class Fates
{
    /// <summary>The reasons to drop a trace, in the order in which they are asked.</summary>
    public static readonly IReadOnlyList<Fate> Reasons = [.. Enum.GetValues<Fate>().Where(fate => fate != Fate.Kept)];

    /// <summary>The name in snake_case.</summary>
    public static string NameOf(Fate fate) => JsonNamingPolicy.SnakeCaseLower.ConvertName(fate.ToString());

    /// <summary>The reason to drop traces of a verdict that is not wanted.</summary>
    public static Fate OfUnwanted(Outcome outcome) => outcome switch
    {
        Outcome.Correct => Fate.VerdictCorrect,
        Outcome.Incorrect => Fate.VerdictIncorrect,
        _ => Fate.VerdictUnverifiable,
    };
}
