using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Mathematics;

namespace Distill.Verification;

/// <summary>
/// Judges final answers of mathematical problems: finds the answer in the part after the reasoning and compares it with the
/// reference answer in exact arithmetic. Sizes are bounded, nothing in a text is executed, and there is no clock: the same
/// input gives the same verdict everywhere.
/// </summary>
public sealed class MathVerifier : IVerifier
{
    /// <summary>The longest answer that is looked at, in characters.</summary>
    public const int LongestAnswer = 4096;

    /// <inheritdoc/>
    public string Id => "math/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(prompt, completion) is { } reason) return Unverifiable(reason, null);
        if (AnswerExtraction.Find(completion.Answer) is not { Text.Length: > 0 } found) return Unverifiable(Unjudgeable.WithoutAnswer(completion), null);
        if (found.Text.Length > LongestAnswer) return Unverifiable("answer_too_long", null);
        string reference = prompt.ReferenceAnswer!;
        if (reference.Length > LongestAnswer) return Unverifiable("reference_answer_too_long", found.Text);
        return Compare(AnswerExtraction.Find(reference) is { Place: AnswerPlace.Box, Text.Length: > 0 } boxed ? boxed.Text : reference, found.Text);
    }

    /// <summary>Judges a completion's text, reasoning included, against a reference answer.</summary>
    /// <param name="referenceAnswer">The gold answer.</param>
    /// <param name="response">What the model wrote: a whole completion with its think tags, or nothing but an answer.</param>
    /// <param name="options">What counts as an answer; the defaults when null.</param>
    public Verdict Verify(string referenceAnswer, string response, MathOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(referenceAnswer);
        ArgumentNullException.ThrowIfNull(response);
        ReasoningParts parts = ReasoningSplit.Split(response, startsInReasoning: false);
        bool unclosed = parts.Unclosed && (options ?? MathOptions.Default).RequireClosedThink;
        return Verify(Prompt.FromUser("", referenceAnswer), new Completion
        {
            RawText = response,
            Reasoning = parts.Reasoning,
            Answer = parts.Unclosed && !unclosed ? parts.Reasoning : parts.Answer,
            ReasoningUnclosed = unclosed,
            FinishReason = FinishReason.Stop,
            PromptTokens = 0,
            CompletionTokens = 0,
        });
    }

    private Verdict Compare(string reference, string answer)
    {
        WrittenNumber? expected = NumberParser.Parse(reference), actual = NumberParser.Parse(answer);
        if (expected is { } gold && actual is { } given)
        {
            return given.Matches(gold) ? new Verdict(Outcome.Correct, "equal_number", answer, Id)
                : new Verdict(Outcome.Incorrect, "different_number", answer, Id);
        }
        string text = AnswerText.Normalize(answer);
        return text.Length > 0 && text == AnswerText.Normalize(reference) ? new Verdict(Outcome.Correct, "equal_text", answer, Id)
            : Unverifiable("not_understood", answer);
    }

    private Verdict Unverifiable(string reason, string? answer) => new(Outcome.Unverifiable, reason, answer, Id);
}
