using Distill.Chat;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification.Code;

namespace Distill.Verification;

/// <summary>The verifiers by the names that flags, pipeline files and rows use.</summary>
public static class Verifiers
{
    /// <summary>Every name that is understood; <c>auto</c> takes what each prompt asks for or brings tests for, else <c>math</c>.</summary>
    public static readonly IReadOnlyList<string> Names = ["math", "code", "choice", "exact", "regex", "json", "ifeval", "drop", "auto", "none"];

    /// <summary>
    /// Makes the verifier of that name; of several names, one that asks them in turn until one can tell right from wrong. A prompt that names its
    /// own verifier is judged by that one.
    /// </summary>
    /// <exception cref="InputException">A name is unknown, or there is none.</exception>
    public static IVerifier Create(IReadOnlyList<string> names)
    {
        IVerifier[] verifiers = [.. names.Select(Create)];
        return verifiers.Length switch
        {
            0 => throw new InputException("no verifier is named", $"choose from {string.Join(", ", Names)}"),
            1 => names[0] is "auto" or "none" ? verifiers[0] : new AsThePromptAsks(verifiers[0], names[0]),
            _ => new AsThePromptAsks(new FirstToTell(verifiers), ""),
        };
    }

    private static IVerifier Create(string name) => TryCreate(name)
        ?? (name == "auto" ? new AsThePromptAsks(new MathVerifier(), "math", choosesByTests: true)
            : throw new InputException($"unknown verifier `{name}`", $"choose from {string.Join(", ", Names)}"));

    private static IVerifier? TryCreate(string name) => name switch
    {
        "math" => new MathVerifier(),
        "code" => new CodeVerifier(),
        "choice" => new ChoiceVerifier(),
        "exact" => new ExactVerifier(),
        "regex" => new RegexVerifier(),
        "json" => new JsonVerifier(),
        "ifeval" => new IfEvalVerifier(),
        "drop" => new DropVerifier(),
        "none" => new NoVerifier(),
        _ => null,
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

    // Rows of different kinds may stand in one file; each verdict says which verifier gave it.
    private sealed class AsThePromptAsks(IVerifier stage, string stageName, bool choosesByTests = false) : IVerifier
    {
        private readonly Dictionary<string, Lazy<IVerifier>> _others = Names.Where(name => name is not "auto")
            .ToDictionary(name => name, name => new Lazy<IVerifier>(() => name == stageName ? stage : TryCreate(name)!));

        public string Id => choosesByTests ? "auto/1" : stage.Id;

        public Verdict Verify(Prompt prompt, Completion completion)
        {
            string? wanted = prompt.Verifier ?? (choosesByTests ? ByTests(prompt) : null);
            if (wanted is null or "auto") return stage.Verify(prompt, completion);
            return _others.TryGetValue(wanted, out Lazy<IVerifier>? other) ? other.Value.Verify(prompt, completion)
                : new Verdict(Outcome.Unverifiable, "unknown_verifier", null, wanted);
        }

        private static string? ByTests(Prompt prompt) =>
            prompt.Tests is not { } tests ? (prompt.Choices.Count > 0 ? "choice" : null)
            : tests.Contains("\"instruction_id_list\"", StringComparison.Ordinal) ? "ifeval"
            : tests.Contains("\"answers_spans\"", StringComparison.Ordinal) ? "drop"
            : tests.StartsWith("{\"pattern\"", StringComparison.Ordinal) ? "regex"
            : "code";
    }
}
