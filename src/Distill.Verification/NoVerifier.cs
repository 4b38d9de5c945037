using Distill.Chat;
using Distill.Prompts;

namespace Distill.Verification;

/// <summary>Judges nothing: every completion is unverifiable, for prompts without reference answers.</summary>
public sealed class NoVerifier : IVerifier
{
    /// <inheritdoc/>
    public string Id => "none/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion) => new(Outcome.Unverifiable, "not_verified", null, Id);
}
