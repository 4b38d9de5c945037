using System.Text.Json;
using System.Text.RegularExpressions;

namespace Distill.Verification.Instructions;

/// <summary>Whether a text follows an instruction, for each of IFEval's kinds. All expressions run in linear time.</summary>
internal static partial class InstructionChecks
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>The kinds and their checks.</summary>
    public static readonly IReadOnlyDictionary<string, Func<string, JsonElement, bool>> Kinds = new Dictionary<string, Func<string, JsonElement, bool>>
    {
        ["keywords:existence"] = (text, asked) => Texts(asked, "keywords").All(word => text.Contains(word, StringComparison.OrdinalIgnoreCase)),
        ["keywords:frequency"] = (text, asked) => Compare(Occurrences(text, Text(asked, "keyword")), asked, "relation", "frequency"),
        ["keywords:forbidden_words"] = (text, asked) => !Texts(asked, "forbidden_words").Any(word => HasWord(text, word)),
        ["keywords:letter_frequency"] = (text, asked) => Compare(Occurrences(text, Text(asked, "letter")), asked, "let_relation", "let_frequency"),
        ["language:response_language"] = (text, asked) => LanguageGuess.Of(text) is not { } language || language == Text(asked, "language"),
        ["length_constraints:number_sentences"] = (text, asked) => Compare(InstructionText.CountSentences(text), asked, "relation", "num_sentences"),
        ["length_constraints:number_paragraphs"] = (text, asked) => CountParagraphs(text) == Number(asked, "num_paragraphs"),
        ["length_constraints:number_words"] = (text, asked) => Compare(InstructionText.CountWords(text), asked, "relation", "num_words"),
        ["length_constraints:nth_paragraph_first_word"] = ParagraphBegins,
        ["detectable_content:number_placeholders"] = (text, asked) => Placeholder().Count(text) >= Number(asked, "num_placeholders"),
        ["detectable_content:postscript"] = HasPostscript,
        ["detectable_format:number_bullet_lists"] = (text, asked) => StarBullet().Count(text) + DashBullet().Count(text) == Number(asked, "num_bullets"),
        ["detectable_format:constrained_response"] = (text, _) => new[] { "My answer is yes.", "My answer is no.", "My answer is maybe." }.Any(text.Contains),
        ["detectable_format:number_highlighted_sections"] = (text, asked) => CountHighlights(text) >= Number(asked, "num_highlights"),
        ["detectable_format:multiple_sections"] = (text, asked) => Regex.Count(text, $@"\s?{Regex.Escape(Text(asked, "section_spliter"))}\s?\d+\s?", Linear) >= Number(asked, "num_sections"),
        ["detectable_format:json_format"] = (text, _) => IsJson(text),
        ["detectable_format:title"] = (text, _) => Title().Matches(text).Any(match => match.Value.TrimStart('<').TrimEnd('>').Trim().Length > 0),
        ["combination:two_responses"] = (text, _) => AreTwoResponses(text),
        ["combination:repeat_prompt"] = (text, asked) => text.Trim().StartsWith(Text(asked, "prompt_to_repeat").Trim(), StringComparison.OrdinalIgnoreCase),
        ["startend:end_checker"] = (text, asked) => text.Trim().Trim('"').EndsWith(Text(asked, "end_phrase").Trim(), StringComparison.OrdinalIgnoreCase),
        ["startend:quotation"] = (text, _) => text.Trim() is { Length: > 1 } whole && whole[0] == '"' && whole[^1] == '"',
        ["change_case:capital_word_frequency"] = (text, asked) => Compare(InstructionText.CountCapitalWords(text), asked, "capital_relation", "capital_frequency"),
        ["change_case:english_capital"] = (text, _) => InstructionText.IsUpper(text) && IsEnglish(text),
        ["change_case:english_lowercase"] = (text, _) => InstructionText.IsLower(text) && IsEnglish(text),
        ["punctuation:no_comma"] = (text, _) => !text.Contains(','),
    };

    private static bool Compare(int count, JsonElement asked, string relation, string number) =>
        Text(asked, relation) == "less than" ? count < Number(asked, number) : count >= Number(asked, number);

    private static int Occurrences(string text, string part)
    {
        int count = 0;
        for (int i = text.IndexOf(part, StringComparison.OrdinalIgnoreCase); part.Length > 0 && i >= 0; i = text.IndexOf(part, i + part.Length, StringComparison.OrdinalIgnoreCase)) count++;
        return count;
    }

    private static bool HasWord(string text, string word)
    {
        for (int i = text.IndexOf(word, StringComparison.OrdinalIgnoreCase); word.Length > 0 && i >= 0; i = text.IndexOf(word, i + 1, StringComparison.OrdinalIgnoreCase))
        {
            bool begins = i == 0 || IsWordCharacter(text[i - 1]) != IsWordCharacter(word[0]);
            int end = i + word.Length;
            if (begins && (end == text.Length || IsWordCharacter(text[end]) != IsWordCharacter(word[^1]))) return true;
        }
        return false;
    }

    private static bool IsWordCharacter(char c) => char.IsLetter(c) || char.IsNumber(c) || c == '_';

    // Paragraphs are set apart by ***; an empty one at either end is none, an empty one between others is a mistake.
    private static int CountParagraphs(string text)
    {
        string[] paragraphs = Stars().Split(text);
        int count = paragraphs.Length;
        for (int i = 0; i < paragraphs.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(paragraphs[i])) continue;
            if (i > 0 && i < paragraphs.Length - 1) return -1;
            count--;
        }
        return count;
    }

    private static bool ParagraphBegins(string text, JsonElement asked)
    {
        string[] paragraphs = text.Split("\n\n");
        int count = paragraphs.Count(paragraph => !string.IsNullOrWhiteSpace(paragraph)), number = Number(asked, "nth_paragraph");
        if (count != Number(asked, "num_paragraphs") || number < 1 || number > count) return false;
        string word = paragraphs[number - 1].Trim().Split((char[]?)null)[0].TrimStart('\'').TrimStart('"');
        int end = word.IndexOfAny(['.', ',', '?', '!', '\'', '"']);
        return (end < 0 ? word : word[..end]).Equals(Text(asked, "first_word"), StringComparison.OrdinalIgnoreCase);
    }

    private static bool HasPostscript(string text, JsonElement asked) => Text(asked, "postscript_marker") switch
    {
        "P.P.S" => LongPostscript().IsMatch(text),
        "P.S." => Postscript().IsMatch(text),
        var marker => text.Contains(marker.Trim(), StringComparison.OrdinalIgnoreCase),
    };

    private static int CountHighlights(string text) =>
        Highlight().Matches(text).Count(match => match.Value.Trim('*').Trim().Length > 0)
        + StrongHighlight().Matches(text).Count(match => match.Value[2..^2].Trim().Length > 0);

    private static bool IsJson(string text)
    {
        string bare = text.Trim();
        foreach (string fence in new[] { "```json", "```Json", "```JSON", "```" })
        {
            if (!bare.StartsWith(fence, StringComparison.Ordinal)) continue;
            bare = bare[fence.Length..];
            break;
        }
        if (bare.EndsWith("```", StringComparison.Ordinal)) bare = bare[..^3];
        try
        {
            using JsonDocument document = JsonDocument.Parse(bare.Trim());
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool AreTwoResponses(string text)
    {
        string[] parts = text.Split("******");
        for (int i = 1; i < parts.Length - 1; i++)
            if (string.IsNullOrWhiteSpace(parts[i])) return false;
        string[] responses = [.. parts.Where(part => !string.IsNullOrWhiteSpace(part))];
        return responses.Length == 2 && responses[0].Trim() != responses[1].Trim();
    }

    private static bool IsEnglish(string text) => LanguageGuess.Of(text) is null or "en";

    private static string Text(JsonElement asked, string name) => Property(asked, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    private static int Number(JsonElement asked, string name) =>
        Property(asked, name) is { ValueKind: JsonValueKind.Number } value ? (int)Math.Clamp(value.GetDouble(), int.MinValue, int.MaxValue) : 0;

    private static IEnumerable<string> Texts(JsonElement asked, string name) =>
        Property(asked, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!) : [];

    private static JsonElement Property(JsonElement asked, string name) => asked.ValueKind == JsonValueKind.Object && asked.TryGetProperty(name, out JsonElement value) ? value : default;

    [GeneratedRegex(@"\[[^\]\n]*\]", Linear)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\s?\*\*\*\s?", Linear)]
    private static partial Regex Stars();

    [GeneratedRegex(@"^\s*\*[^*].*$", Linear | RegexOptions.Multiline)]
    private static partial Regex StarBullet();

    [GeneratedRegex(@"^\s*-.*$", Linear | RegexOptions.Multiline)]
    private static partial Regex DashBullet();

    [GeneratedRegex(@"\*[^\n*]*\*", Linear)]
    private static partial Regex Highlight();

    [GeneratedRegex(@"\*\*[^\n*]*\*\*", Linear)]
    private static partial Regex StrongHighlight();

    [GeneratedRegex(@"<<[^\n]+>>", Linear)]
    private static partial Regex Title();

    [GeneratedRegex(@"p\.\s?p\.\s?s", Linear | RegexOptions.IgnoreCase)]
    private static partial Regex LongPostscript();

    [GeneratedRegex(@"p\.\s?s\.", Linear | RegexOptions.IgnoreCase)]
    private static partial Regex Postscript();
}
