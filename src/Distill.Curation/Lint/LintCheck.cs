namespace Distill.Curation.Lint;

/// <summary>Everything that the linter looks for.</summary>
internal static class LintCheck
{
    public const string CutOff = "cut_off";
    public const string ForeignMarks = "foreign_marks";
    public const string SystemPrompt = "system_prompt";
    public const string AnswerDisagrees = "answer_disagrees";
    public const string VerdictDisagrees = "verdict_disagrees";
    public const string ConflictingAnswers = "conflicting_answers";
    public const string NoReferenceAnswer = "no_reference_answer";

    /// <summary>Name, whether it is a problem, and meaning, in the order in which equals are shown.</summary>
    public static readonly IReadOnlyList<(string Name, bool IsProblem, string Meaning)> All =
    [
        (Fates.NameOf(Fate.EngineError), true, "the engine failed while it wrote"),
        (Fates.NameOf(Fate.Truncated), true, "hit the token limit"),
        (Fates.NameOf(Fate.ReasoningUnclosed), true, "the reasoning was opened and never closed"),
        (CutOff, true, "the answer stops in the middle"),
        (Fates.NameOf(Fate.EmptyAnswer), true, "nothing behind the reasoning"),
        (Fates.NameOf(Fate.Repetition), true, "runs in circles"),
        (Fates.NameOf(Fate.MixedLanguages), true, "falls into another script"),
        (Fates.NameOf(Fate.TemplateRemnants), true, "marks of a chat format, or think tags where none belong"),
        (SystemPrompt, true, "a known system prompt stands in a user or assistant turn"),
        (Fates.NameOf(Fate.Contaminated), true, "the prompt is a problem of an evaluation set"),
        (AnswerDisagrees, true, "the answer differs from the reference answer"),
        (VerdictDisagrees, true, "the set's own check says otherwise than the verifier"),
        (ConflictingAnswers, true, "the same prompt with another reference answer"),
        (Fates.NameOf(Fate.Duplicate), true, "prompt and completion stand in the set already"),
        (Fates.NameOf(Fate.NearDuplicate), true, "a prompt that reads nearly the same stands in the set already"),
        (ForeignMarks, false, "reasoning in other marks than think tags; distill reads them"),
        (NoReferenceAnswer, false, "nothing to compare the answer with"),
        (Fates.NameOf(Fate.NoBox), false, "no \\boxed{} in the answer"),
        (Fates.NameOf(Fate.CodeInReasoning), false, "a fifth of the reasoning is code"),
        (Fates.NameOf(Fate.LongParagraphs), false, "a paragraph of more than 400 words"),
        (Fates.NameOf(Fate.MissingFigure), false, "the problem speaks of a figure"),
        (Fates.NameOf(Fate.MultiPart), false, "the problem asks several questions"),
        (Fates.NameOf(Fate.Proof), false, "the problem asks for a proof"),
    ];
}
