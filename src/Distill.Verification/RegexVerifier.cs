using System.Text.Json;
using System.Text.RegularExpressions;
using Distill.Chat;
using Distill.Prompts;

namespace Distill.Verification;

/// <summary>
/// Judges by a regular expression: right is an answer part in which it is found. The pattern is the row's <c>pattern</c>, else the reference
/// answer. Patterns run in linear time, so none can hang; those that would need backtracking (look-around, back references) are refused.
/// </summary>
public sealed class RegexVerifier : IVerifier
{
    /// <inheritdoc/>
    public string Id => "regex/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        if (PatternOf(prompt) is not { Length: > 0 } pattern) return new Verdict(Outcome.Unverifiable, "no_pattern", null, Id);
        if (completion.Answer.Length == 0) return new Verdict(Outcome.Unverifiable, Unjudgeable.WithoutAnswer(completion), null, Id);
        try
        {
            Match match = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant).Match(completion.Answer);
            return match.Success ? new Verdict(Outcome.Correct, "pattern_found", match.Value, Id) : new Verdict(Outcome.Incorrect, "pattern_not_found", null, Id);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return new Verdict(Outcome.Unverifiable, "bad_pattern", null, Id);
        }
    }

    private static string? PatternOf(Prompt prompt)
    {
        if (prompt.Tests is null) return prompt.ReferenceAnswer;
        using JsonDocument tests = JsonDocument.Parse(prompt.Tests);
        return tests.RootElement.TryGetProperty("pattern", out JsonElement pattern) && pattern.ValueKind == JsonValueKind.String ? pattern.GetString() : prompt.ReferenceAnswer;
    }
}
