using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Extraction;

namespace Distill.Verification;

/// <summary>Compares texts: right is what equals the reference answer character by character, white space at both ends apart.</summary>
public sealed class ExactVerifier : IVerifier
{
    /// <inheritdoc/>
    public string Id => "exact/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(prompt, completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        string answer = (AnswerExtraction.Find(completion.Answer) is { } found && found.Text.Length > 0 ? found.Text : completion.Answer).Trim();
        if (answer.Length == 0) return new Verdict(Outcome.Unverifiable, Unjudgeable.WithoutAnswer(completion), null, Id);
        return answer == prompt.ReferenceAnswer!.Trim()
            ? new Verdict(Outcome.Correct, "equal_text", answer, Id)
            : new Verdict(Outcome.Incorrect, "different_text", answer, Id);
    }
}
