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
    VerdictNotConfirmed,
    EmptyAnswer,
    TooShort,
    TooLong,
    Repetition,
    MixedLanguages,
    TemplateRemnants,
    NoBox,
    CodeInReasoning,
    LongParagraphs,
    MissingFigure,
    MultiPart,
    Proof,
    Contaminated,
    TooEasy,
    TooHard,
    Duplicate,
    NearDuplicate,
    OverMaxPerPrompt,
    OverShare,
}

/// <summary>The names of fates in files.</summary>
internal static class Fates
{
    /// <summary>The reasons to drop a trace, in the order in which they are asked.</summary>
    public static readonly IReadOnlyList<Fate> Reasons = [.. Enum.GetValues<Fate>().Where(fate => fate != Fate.Kept)];

    /// <summary>The name in snake_case.</summary>
    public static string NameOf(Fate fate) => JsonNamingPolicy.SnakeCaseLower.ConvertName(fate.ToString());

    /// <summary>The reason to drop traces of a verdict that is not wanted.</summary>
    /// <param name="outcome">The rule's verdict.</param>
    /// <param name="asksJudge">Whether a judge had a say; a trace that the rule finds correct was then not confirmed.</param>
    public static Fate OfUnwanted(Outcome outcome, bool asksJudge) => outcome switch
    {
        Outcome.Correct => asksJudge ? Fate.VerdictNotConfirmed : Fate.VerdictCorrect,
        Outcome.Incorrect => Fate.VerdictIncorrect,
        _ => Fate.VerdictUnverifiable,
    };

    /// <summary>Whether a reason is asked before the verdict: what was cut off has no verdict worth looking at.</summary>
    public static bool IsBeforeVerdict(Fate fate) => fate is Fate.EngineError or Fate.Truncated or Fate.ReasoningUnclosed;
}
