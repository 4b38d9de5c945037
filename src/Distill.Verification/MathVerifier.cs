using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Answers;
using Distill.Verification.Extraction;
using Distill.Verification.Mathematics;

namespace Distill.Verification;

/// <summary>
/// Judges final answers of mathematical problems: finds the answer in the part after the reasoning, reads it and the reference answer as
/// formulas, and compares them by their kinds in exact arithmetic; ball arithmetic is the last resort and its verdicts say so (<c>equal_numeric</c>).
/// Sizes and steps are bounded, nothing in a text is executed, and there is no clock: the same input gives the same verdict everywhere.
/// </summary>
public sealed class MathVerifier : IVerifier
{
    /// <summary>The longest answer that is looked at, in characters.</summary>
    public const int LongestAnswer = 4096;

    private readonly MathOptions _options;

    /// <summary>Makes a verifier with the default options.</summary>
    public MathVerifier() : this(MathOptions.Default) { }

    /// <summary>Makes a verifier.</summary>
    /// <param name="options">What counts as an answer.</param>
    public MathVerifier(MathOptions options) => _options = options;

    /// <inheritdoc/>
    public string Id => "math/4";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        if (Unjudgeable.ReasonOf(prompt, completion) is { } reason) return Unverifiable(reason, null);
        return Judge(prompt.ReferenceAnswer!, completion.Answer, _options, Unjudgeable.WithoutAnswer(completion));
    }

    /// <summary>Judges a completion's text, reasoning included, against a reference answer.</summary>
    /// <param name="referenceAnswer">The gold answer.</param>
    /// <param name="response">What the model wrote: a whole completion with its think tags, or nothing but an answer.</param>
    /// <param name="options">What counts as an answer; those of the verifier when null.</param>
    public Verdict Verify(string referenceAnswer, string response, MathOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(referenceAnswer);
        ArgumentNullException.ThrowIfNull(response);
        return string.IsNullOrWhiteSpace(referenceAnswer) ? Unverifiable("no_reference_answer", null) : Judge(referenceAnswer, response, options ?? _options, "no_answer");
    }

    private Verdict Judge(string referenceAnswer, string response, MathOptions options, string withoutAnswer)
    {
        if (response.Length > AnswerExtraction.LongestText) return Unverifiable("response_too_long", null);
        (string answerPart, bool unclosed) = AnswerPart.Of(response);
        if (unclosed && options.RequireClosedThink) return Unverifiable("reasoning_unclosed", null);
        if (referenceAnswer.Length > LongestAnswer * 4) return Unverifiable("reference_answer_too_long", null);
        var reference = ReferenceAnswer.Of(referenceAnswer);
        if (reference.Text.Length > LongestAnswer) return Unverifiable("reference_answer_too_long", null);
        if (reference.Formula is null && answerPart.Trim() == referenceAnswer.Trim()) return new Verdict(Outcome.Correct, "equal_text", reference.Text, Id);
        ExtractedAnswer? found = AnswerExtraction.Find(answerPart, options, options.AllowBareNumber ?? reference.IsPlainNumber);
        if (reference.Choice is not null && (found is null || found.IsProse) && (found is null ? "" : ChoiceAnswers.Given(found.Text, anchored: false)) is var given
            && (given.Length > 0 ? given : ChoiceAnswers.InProse(Ending(answerPart))) is { Length: > 0 } letters)
            found = new ExtractedAnswer(letters, AnswerPlace.Phrase);
        if (found is not { Text.Length: > 0 }) return Unverifiable(withoutAnswer, null);
        if (found.Text.Length > LongestAnswer) return Unverifiable("answer_too_long", null);
        found = found with { Text = VisibleText.Of(found.Text) };
        Comparison comparison = new AnswerJudgement(reference, options).Of(found);
        if (!comparison.IsEqual && found.Complement is { } complement) comparison = new AnswerJudgement(reference, options).Of(found = found with { Text = complement });
        string rule = comparison.Rule;
        if (found.IsProse && comparison.Equality != Equality.Equal) return Unverifiable(withoutAnswer, null);
        return comparison.Equality switch
        {
            Equality.Equal => new Verdict(Outcome.Correct, $"equal_{rule}", found.Text, Id),
            Equality.Different => new Verdict(Outcome.Incorrect, $"different_{rule}", found.Text, Id),
            _ => Unverifiable(rule is "number" or "algebra" or "numeric" ? "undecided" : rule, found.Text),
        };
    }

    private static string Ending(string text)
    {
        string trimmed = text.TrimEnd();
        string tail = trimmed.Length <= 300 ? trimmed : trimmed[^300..];
        int start = tail.LastIndexOf('\n');
        return start < 0 ? tail : tail[(start + 1)..];
    }

    private Verdict Unverifiable(string reason, string? answer) => new(Outcome.Unverifiable, reason, answer, Id);
}
