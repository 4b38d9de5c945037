using Distill.Chat;
using Distill.Prompts;
using Distill.Tests.Verification.Sandboxing;
using Distill.Verification;
using Distill.Verification.Code;

namespace Distill.Tests.Verification.Code;

/// <summary>Judges programs, for tests.</summary>
internal static class Programs
{
    public static Verdict Judge(string tests, string answer, CodeVerifier? verifier = null)
    {
        Prompt prompt = Prompt.FromUser("Write a program.", null) with { Tests = tests };
        return (verifier ?? new CodeVerifier(SandboxMachine.Support)).Verify(prompt, Completion(answer));
    }

    public static Verdict JudgePython(string tests, string program) => Judge(tests, $"Here it is.\n```python\n{program}\n```\nThat is all.");

    public static Completion Completion(string answer) => new()
    {
        RawText = answer,
        Reasoning = "",
        Answer = answer,
        FinishReason = FinishReason.Stop,
        PromptTokens = 0,
        CompletionTokens = 0,
    };
}
