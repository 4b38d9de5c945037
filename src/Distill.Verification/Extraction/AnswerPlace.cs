namespace Distill.Verification.Extraction;

/// <summary>Where in a completion its final answer was found.</summary>
internal enum AnswerPlace
{
    /// <summary>In the last <c>\boxed{…}</c>, or in several joined ones.</summary>
    Box,

    /// <summary>In the last <c>&lt;answer&gt;</c> tag.</summary>
    Tag,

    /// <summary>After a phrase such as "the final answer is".</summary>
    Phrase,

    /// <summary>The completion is nothing but an answer.</summary>
    Whole,

    /// <summary>In a formula that the last conclusion states.</summary>
    Formula,

    /// <summary>In a number that the last conclusion states.</summary>
    Number,
}
