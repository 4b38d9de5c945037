namespace Distill.Curation;

/// <summary>What <c>curate</c> can drop rows for, by the names that <c>filters</c> takes.</summary>
public enum CurationFilter
{
    /// <summary>The completion hit its token limit.</summary>
    Truncated,

    /// <summary>The reasoning was opened and never closed.</summary>
    ReasoningUnclosed,

    /// <summary>There is nothing behind the reasoning.</summary>
    EmptyAnswer,

    /// <summary>The completion runs in circles.</summary>
    Repetition,

    /// <summary>The reasoning falls into a script that the problem does not use.</summary>
    MixedLanguages,

    /// <summary>Marks of a chat format or a second pair of think tags stand in the text.</summary>
    TemplateRemnants,

    /// <summary>The answer has no filled <c>\boxed{}</c>.</summary>
    NoBox,

    /// <summary>A fifth of the reasoning or more is fenced code.</summary>
    CodeInReasoning,

    /// <summary>A paragraph of the reasoning has more than 400 words.</summary>
    LongParagraphs,

    /// <summary>The problem speaks of a figure that is not there.</summary>
    MissingFigure,

    /// <summary>The problem asks several questions: (a), (b).</summary>
    MultiPart,

    /// <summary>The problem asks for a proof, which no verifier can judge.</summary>
    Proof,

    /// <summary>The same prompt and completion stand in the set already.</summary>
    Duplicate,

    /// <summary>A prompt that reads nearly the same stands in the set already.</summary>
    NearDuplicate,
}
