using System.Text.RegularExpressions;
using Distill.Chat;
using Distill.Prompts;
using Distill.Verification.Extraction;

namespace Distill.Verification;

/// <summary>
/// Judges multiple choice: finds the letter (or the text of exactly one of the prompt's choices) that the answer part settles on, and compares it
/// with the reference answer, which is a letter, several letters, a choice's text, or its number from 0 as in MMLU.
/// </summary>
public sealed partial class ChoiceVerifier : IVerifier
{
    private const int Tail = 1 << 16, MostChoices = 26;

    /// <inheritdoc/>
    public string Id => "choice/1";

    /// <inheritdoc/>
    public Verdict Verify(Prompt prompt, Completion completion)
    {
        if (Unjudgeable.ReasonOf(prompt, completion) is { } reason) return new Verdict(Outcome.Unverifiable, reason, null, Id);
        string[] choices = [.. prompt.Choices.Take(MostChoices).Select(WithoutLetter)];
        if (ReferenceLetters(prompt.ReferenceAnswer!.Trim(), choices) is not { } expected) return new Verdict(Outcome.Unverifiable, "reference_not_a_choice", null, Id);
        string answer = completion.Answer.Length > Tail ? completion.Answer[^Tail..] : completion.Answer;
        if (Find(answer, choices) is not { } given) return new Verdict(Outcome.Unverifiable, Unjudgeable.WithoutAnswer(completion), null, Id);
        return given == expected ? new Verdict(Outcome.Correct, "equal_choice", given, Id)
            : given.Length > expected.Length && expected.Length == 1 ? new Verdict(Outcome.Incorrect, "several_choices", given, Id)
            : new Verdict(Outcome.Incorrect, "different_choice", given, Id);
    }

    /// <summary>The reference answer as letters in order; null when it names none of the choices.</summary>
    private static string? ReferenceLetters(string reference, string[] choices)
    {
        if (ChoiceOf(reference, choices) is { } byText) return byText;
        if (Letters(reference) is { } letters) return letters;
        if (int.TryParse(reference, out int index) && index >= 0 && index < choices.Length) return Letter(index);
        return Leading().Match(reference) is { Success: true } match ? match.Groups["letter"].Value : null;
    }

    // The last of the places where answers are announced counts; what stands alone in the last line counts too.
    private static string? Find(string answer, string[] choices)
    {
        if (LastJson(answer) is { } json && Resolve(json, choices) is { } fromJson) return fromJson;
        if (LastBox(answer) is { } box) return Resolve(box, choices);
        (int Place, string Text)? said = Last(Announced().Matches(answer)) is { } match ? (match.Index, match.Groups["said"].Value) : null;
        if (said is { } announced && Resolve(announced.Text, choices) is { } fromPhrase) return fromPhrase;
        string line = answer.TrimEnd().Split('\n')[^1];
        return Resolve(line, choices);
    }

    private static string? Resolve(string text, string[] choices)
    {
        string bare = Bare(text);
        if (Letters(bare) is { } letters) return letters;
        if (ChoiceOf(bare, choices) is { } byText) return byText;
        if (Several().Match(bare) is { Success: true } several) return Sorted(several.Groups["first"].Value + several.Groups["second"].Value);
        return Leading().Match(bare) is { Success: true } leading ? leading.Groups["letter"].Value : null;
    }

    private static string? ChoiceOf(string text, string[] choices)
    {
        string wanted = Normal(text);
        int[] equal = [.. Enumerable.Range(0, choices.Length).Where(i => Normal(choices[i]) == wanted)];
        return wanted.Length > 0 && equal.Length == 1 ? Letter(equal[0]) : null;
    }

    private static string? Letters(string text) => OnlyLetters().Match(text) is { Success: true } match
        ? Sorted(string.Concat(match.Groups["letters"].Value.Where(char.IsAsciiLetterUpper))) : null;

    private static string Sorted(string letters) => string.Concat(letters.Distinct().Order());

    private static string Letter(int index) => ((char)('A' + index)).ToString();

    private static string? LastJson(string text) => Last(JsonAnswer().Matches(text))?.Groups["answer"].Value;

    private static string? LastBox(string text) => AnswerExtraction.Find(text) is { Place: AnswerPlace.Box } found ? found.Text : null;

    private static Match? Last(MatchCollection matches) => matches.Count > 0 ? matches[^1] : null;

    private static string WithoutLetter(string choice) => Lettered().Match(choice) is { Success: true } match ? choice[match.Length..].Trim() : choice.Trim();

    private static string Bare(string text) => Markup().Replace(text, "").Trim().Trim('*', '_', '`', '"', '$', '.', ' ', '{', '}');

    private static string Normal(string text) => string.Join(' ', Bare(text).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');

    // "Answer: B", "the correct option is (B)", "answer is B) 59".
    [GeneratedRegex(@"(?i)\b(?:answer|option|choice)s?(?:\*\*)?[ \t]*(?::|is|are|=)(?:\*\*)?[ \t]*:?[ \t]*(?:option|choice)?[ \t]*(?<said>[^\n]{1,300})", RegexOptions.NonBacktracking)]
    private static partial Regex Announced();

    [GeneratedRegex(@"""answer""\s*:\s*""(?<answer>[^""\n]{1,300})""", RegexOptions.NonBacktracking)]
    private static partial Regex JsonAnswer();

    // "B", "(B)", "B, D", "A and C"; nothing else.
    [GeneratedRegex(@"^\(?(?<letters>[A-Z](?:\)?[ ]*(?:,|;|and|&|)[ ]*\(?[A-Z])*)\)?\.?$", RegexOptions.NonBacktracking)]
    private static partial Regex OnlyLetters();

    // "B) 59", "(B) 59", "B. the text", "B: text", "(B)".
    [GeneratedRegex(@"^(?:\((?<letter>[A-Z])\)|(?<letter>[A-Z])[).:])(?:\s|\*|$)", RegexOptions.NonBacktracking)]
    private static partial Regex Leading();

    [GeneratedRegex(@"^\(?(?<first>[A-Z])\)?(?: or | and |/|, )\(?(?<second>[A-Z])\)?(?:[^A-Za-z]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex Several();

    [GeneratedRegex(@"^\s*\(?[A-Z][).:]\s*", RegexOptions.NonBacktracking)]
    private static partial Regex Lettered();

    [GeneratedRegex(@"\\(?:text|textbf|mathbf|mathrm|boldsymbol)\b|\\[()\[\]]", RegexOptions.NonBacktracking)]
    private static partial Regex Markup();
}
