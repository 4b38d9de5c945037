using Distill.Chat;
using Distill.Prompts;

namespace Distill.Verification;

/// <summary>Judges completions. Implementations keep no state, run on any thread, and give the same verdict for the same input.</summary>
public interface IVerifier
{
    /// <summary>Name and version, e.g. <c>math/4</c>; stored with every verdict.</summary>
    string Id { get; }

    /// <summary>Judges one completion against its prompt's reference answer. Never throws on strange text.</summary>
    Verdict Verify(Prompt prompt, Completion completion);
}
