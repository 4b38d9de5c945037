using System.Text.Json;
using Distill.Chat;
using Distill.Prompts;

namespace Distill.Verification;

/// <summary>
/// Judges JSON: right is an answer whose last fenced block, or whole text, is JSON with the value of the reference answer. The order of keys
/// and white space do not matter, and 1.0 is 1. Without a reference answer, valid JSON is right.
/// </summary>
public sealed class JsonVerifier : IVerifier
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <inheritdoc/>
    public string Id => "json/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        if (completion.Answer.Length == 0) return new Verdict(Outcome.Unverifiable, Unjudgeable.WithoutAnswer(completion), null, Id);
        string text = Unfenced(completion.Answer);
        using JsonDocument? given = TryParse(text);
        if (given is null) return new Verdict(Outcome.Incorrect, "not_json", null, Id);
        if (prompt.ReferenceAnswer is null) return new Verdict(Outcome.Correct, "valid_json", text, Id);
        using JsonDocument? expected = TryParse(prompt.ReferenceAnswer);
        if (expected is null) return new Verdict(Outcome.Unverifiable, "reference_not_json", text, Id);
        return JsonElement.DeepEquals(given.RootElement, expected.RootElement) ? new Verdict(Outcome.Correct, "equal_json", text, Id)
            : new Verdict(Outcome.Incorrect, "different_json", text, Id);
    }

    private static string Unfenced(string answer) =>
        Code.CodeExtraction.LastBlock(answer, "json") ?? answer.Trim();

    private static JsonDocument? TryParse(string text)
    {
        try
        {
            return JsonDocument.Parse(text, Lenient);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
