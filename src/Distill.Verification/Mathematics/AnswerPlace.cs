namespace Distill.Verification.Mathematics;

/// <summary>Where in a completion its final answer was found.</summary>
internal enum AnswerPlace
{
    /// <summary>In the last <c>\boxed{…}</c>.</summary>
    Box,

    /// <summary>After a phrase such as "the final answer is".</summary>
    Phrase,

    /// <summary>The completion is nothing but a number.</summary>
    Whole,
}
