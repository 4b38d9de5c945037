using System.Text.Json;
using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Extraction;

namespace Distill.Verification;

/// <summary>
/// Judges short answers as DROP does (<see cref="DropScore"/>): right is an exact match after normalisation with any reference answer of the row,
/// its <c>answers_spans</c> and <c>validated_answers</c>, or a reference answer that is DROP's own object of number, date and spans, or a text whose
/// alternatives <c>|</c> parts. What matches in part is incorrect with the reason <c>partial_match</c>.
/// </summary>
public sealed class DropVerifier : IVerifier
{
    /// <inheritdoc/>
    public string Id => "drop/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        IReadOnlyList<string>[] references = [.. ReferencesOf(prompt)];
        if (references.Length == 0) return new Verdict(Outcome.Unverifiable, "no_reference_answer", null, Id);
        if (AnswerOf(completion.Answer) is not { Length: > 0 } answer) return new Verdict(Outcome.Unverifiable, Unjudgeable.WithoutAnswer(completion), null, Id);
        DropScore score = Score(references, answer);
        return score.ExactMatch ? new Verdict(Outcome.Correct, "exact_match", answer, Id)
            : new Verdict(Outcome.Incorrect, score.F1 > 0 ? "partial_match" : "no_match", answer, Id);
    }

    /// <summary>The score of an answer: as one span, and against several spans as a list of them, whichever is better.</summary>
    internal static DropScore Score(IReadOnlyList<IReadOnlyList<string>> references, string answer)
    {
        DropScore whole = DropScore.Best(references, [answer]);
        if (whole.ExactMatch || references.All(reference => reference.Count < 2)) return whole;
        string[] spans = answer.Replace(" and ", ",", StringComparison.Ordinal).Split([',', ';', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        DropScore apart = DropScore.Best(references.Where(reference => reference.Count > 1), spans);
        return apart.ExactMatch || apart.F1 > whole.F1 ? apart : whole;
    }

    /// <summary>The reference answers of a prompt, each of one or more spans.</summary>
    internal static IEnumerable<IReadOnlyList<string>> ReferencesOf(Prompt prompt)
    {
        if (prompt.Tests is not null)
        {
            using JsonDocument tests = JsonDocument.Parse(prompt.Tests);
            List<IReadOnlyList<string>> found = [];
            foreach (string name in (string[])["answers_spans", "validated_answers"])
                if (tests.RootElement.TryGetProperty(name, out JsonElement given)) found.AddRange(OfElement(given));
            if (found.Count > 0) return found;
        }
        return prompt.ReferenceAnswer is { } text ? OfText(text) : [];
    }

    private static IReadOnlyList<string>[] OfText(string text)
    {
        if (text.TrimStart().StartsWith('{'))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                if (OfElement(document.RootElement) is { Length: > 0 } answers) return answers;
            }
            catch (JsonException)
            {
                // a text that happens to begin with a brace
            }
        }
        return [.. text.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(alternative => (string[])[alternative])];
    }

    // {"spans": [...], "types": [...]}, {"number": "2", "date": {...}, "spans": []}, a list of either, or a list of texts
    private static IReadOnlyList<string>[] OfElement(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            if (element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)) return NonEmpty(Texts(element));
            return [.. element.EnumerateArray().SelectMany(OfElement)];
        }
        if (element.ValueKind != JsonValueKind.Object) return [];
        if (element.TryGetProperty("number", out JsonElement number) && number.ToString() is { Length: > 0 } digits) return [[digits]];
        if (element.TryGetProperty("spans", out JsonElement spans) && spans.ValueKind == JsonValueKind.Array && spans.GetArrayLength() > 0) return NonEmpty(Texts(spans));
        if (!element.TryGetProperty("date", out JsonElement date) || date.ValueKind != JsonValueKind.Object) return [];
        IEnumerable<string> parts = ((string[])["day", "month", "year"]).Select(part => date.TryGetProperty(part, out JsonElement value) ? value.ToString() : "");
        string written = string.Join(' ', parts.Where(part => part.Length > 0));
        return written.Length > 0 ? [[written]] : [];
    }

    private static IReadOnlyList<string>[] NonEmpty(string[] spans) => spans.Length > 0 ? [spans] : [];

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!).Distinct()];

    private static string AnswerOf(string completion)
    {
        string text = AnswerExtraction.Find(completion, MathOptions.Default, bareNumber: false) is { } found ? found.Text : AnswerExtraction.Plain(completion);
        return text.Trim().TrimEnd('.');
    }
}
