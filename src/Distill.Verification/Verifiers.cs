using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification.Code;

namespace Distill.Verification;

/// <summary>The verifiers by the names that flags and pipeline files use.</summary>
public static class Verifiers
{
    /// <summary>Every name that is understood.</summary>
    public static readonly IReadOnlyList<string> Names = ["math", "code", "exact", "none"];

    /// <summary>
    /// Makes the verifier of that name; of several names, one that asks them in turn until one can tell right from wrong.
    /// </summary>
    /// <exception cref="InputException">A name is unknown, or there is none.</exception>
    public static IVerifier Create(IReadOnlyList<string> names)
    {
        IVerifier[] verifiers = [.. names.Select(Create)];
        return verifiers.Length switch
        {
            0 => throw new InputException("no verifier is named", $"choose from {string.Join(", ", Names)}"),
            1 => verifiers[0],
            _ => new FirstToTell(verifiers),
        };
    }

    private static IVerifier Create(string name) => name switch
    {
        "math" => new MathVerifier(),
        "code" => new CodeVerifier(),
        "exact" => new ExactVerifier(),
        "none" => new NoVerifier(),
        _ => throw new InputException($"unknown verifier `{name}`", $"choose from {string.Join(", ", Names)}"),
    };

    private sealed class FirstToTell(IVerifier[] verifiers) : IVerifier
    {
        public string Id { get; } = string.Join('+', verifiers.Select(verifier => verifier.Id));

        public Verdict Verify(Prompt prompt, Completion completion)
        {
            Verdict verdict = verifiers[0].Verify(prompt, completion);
            for (int i = 1; i < verifiers.Length && verdict.Outcome == Outcome.Unverifiable; i++)
                verdict = verifiers[i].Verify(prompt, completion);
            return verdict;
        }
    }
}
