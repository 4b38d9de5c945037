using Distill.Chat;
using Distill.Prompts;

namespace Distill.Verification;

/// <summary>Why a completion cannot be judged at all, before any verifier looks at its answer.</summary>
internal static class Unjudgeable
{
    /// <summary>The reason, or null when there is an answer part and something to compare it with.</summary>
    public static string? ReasonOf(Prompt prompt, Completion completion) =>
        string.IsNullOrWhiteSpace(prompt.ReferenceAnswer) ? "no_reference_answer" : ReasonOf(completion);

    /// <summary>The reason, or null when there is an answer part.</summary>
    public static string? ReasonOf(Completion completion) => completion switch
    {
        { FinishReason: FinishReason.Error } => "engine_error",
        { ReasoningUnclosed: true, FinishReason: FinishReason.Length } => "truncated",
        { ReasoningUnclosed: true } => "reasoning_unclosed",
        _ => null,
    };

    /// <summary>The reason when the answer part names no answer.</summary>
    public static string WithoutAnswer(Completion completion) =>
        completion.FinishReason == FinishReason.Length ? "truncated" : "no_answer";
}
