using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Phrases that announce the final answer, and what they announce.</summary>
internal static class AnswerPhrases
{
    private const int MostAttempts = 8;

    // Longer phrases before those that they begin with.
    private static readonly string[] Phrases =
    [
        "####", "final answer is", "final answer:", "final answer", "answer is", "answers are", "answer are", "answer:", "answer**", "answer\n", "answer\r\n", "answer\":", "answer =", "answer would be", "answer should be", "answer must be", "the result is", "solution is", "solutions are", "solution:", "result:", "correct option is", "correct choice is", "ans:", "ans.", "ans =", "answer equals", "answer comes out to", "answer comes to", "answer turns out to be", "answer was",
        "答案是", "答案：", "答案:", "答案为", "réponse est", "réponse :", "réponse:", "réponse finale est", "réponse finale :", "antwort ist", "antwort lautet", "antwort:", "ergebnis ist", "respuesta es", "respuesta final es", "respuesta:", "risposta è", "risposta:", "resposta é", "resposta final é", "resposta:",
        "ответ:", "ответ —", "ответ -", "答えは", "正解は", "답은", "정답은", "답:", "정답:",
    ];

    private static readonly string[] Adverbs =
        ["approximately ", "about ", "roughly ", "approx. ", "exactly ", "simply ", "therefore ", "thus ", "therefore,", "thus,", "indeed ", "clearly ", "just ", "equal to ", "given by ", "precisely ", "found to be ", "obviously ", "hence ", "of course ", "in fact ", "definitely ", "then ", "then,", "as follows:", "the following:", "still ", "also ", "equals ", "certainly ", "now ", "of "];

    // "is not 81", and what follows when it is something else: "it is 716", "but 7".
    private static readonly string[] Denials = ["not", "neither", "nicht", "pas", "não", "не"], Turns = ["it is ", "it's ", "but rather ", "but ", "sondern ", "mais ", "mas "];

    private static readonly string[] Counterfactuals = [" if there were", " if there was", " if it were", " if they were", " if we ignore", " if we had", " had there been", " were it not"];

    // Verbs at the end of a sentence, with no space before them.
    private static readonly string[] Endings = ["です", "である", "となります", "입니다", "이다"];

    private static readonly SearchValues<char> Formal = SearchValues.Create("0123456789\\=<>$");

    private static readonly SearchValues<string> AnyPhrase = SearchValues.Create(Phrases, StringComparison.OrdinalIgnoreCase);

    /// <summary>What the last phrase announces and where that ends, or null. "Is not X" announces nothing, "X, not Y" announces X.</summary>
    public static (string Text, int End)? Last(string text)
    {
        var found = new Queue<(int Start, int End)>(MostAttempts);
        int at = 0;
        while (text.AsSpan(at).IndexOfAny(AnyPhrase) is >= 0 and int next)
        {
            int start = at + next;
            int length = LengthAt(text, start);
            at = start + Math.Max(1, length);
            if (length == 0) continue;
            if (found.Count == MostAttempts) found.Dequeue();
            found.Enqueue((start, start + length));
        }
        foreach ((int start, int end) in found.Reverse())
            if (!Retraction.IsDistant(text.AsSpan(0, start)) && Announced(text, end) is { Text.Length: > 0 } said) return said;
        return null;
    }

    // The longest phrase here that is no part of a longer word.
    private static int LengthAt(string text, int start)
    {
        int longest = 0;
        foreach (string phrase in Phrases)
        {
            int end = start + phrase.Length;
            if (phrase.Length <= longest || end > text.Length || !text.AsSpan(start, phrase.Length).Equals(phrase, StringComparison.OrdinalIgnoreCase)) continue;
            if (char.IsAsciiLetter(phrase[^1]) && end < text.Length && char.IsAsciiLetter(text[end])) continue;
            if (start > 0 && char.IsAsciiLetter(phrase[0]) && char.IsAsciiLetter(text[start - 1])) continue;
            longest = phrase.Length;
        }
        return longest;
    }

    private static (string Text, int End)? Announced(string text, int start)
    {
        start = BehindAdverbs(text, start);
        ReadOnlySpan<char> rest = text.AsSpan(start);
        if (StartsWithAny(rest, Denials))
        {
            foreach (string turn in Turns)
            {
                int found = rest[..Math.Min(rest.Length, 200)].IndexOf(turn, StringComparison.OrdinalIgnoreCase);
                if (found >= 0) return Announced(text, start + found + turn.Length);
            }
            return null;
        }
        int length = SentenceLength(rest);
        if (length < rest.Length && rest[length] == '?') return null;
        string sentence = rest[..length].ToString();
        // "3 or -5, but -5 is extraneous, so 3"
        if ((sentence.Contains(" but ", StringComparison.OrdinalIgnoreCase) || sentence.Contains(" so ", StringComparison.OrdinalIgnoreCase)) && Conclusion.Of(sentence) is { Answer: { } concluded }) return (concluded.Text, start + length);
        foreach (string aside in (ReadOnlySpan<string>)[", not ", " and not ", " not ", " rather than ", " instead of ", " because ", " since ", ", which ", ", as ", ", so ", " as opposed to "])
            if (sentence.IndexOf(aside, StringComparison.OrdinalIgnoreCase) is > 0 and int at) sentence = sentence[..at].TrimEnd(',', ' ');
        if (Retraction.IsDoubtful(sentence) || Counterfactuals.Any(words => sentence.Contains(words, StringComparison.OrdinalIgnoreCase))) return null;
        if (HasBoldInside(sentence) && Conclusion.Of(sentence) is { Answer: { } marked, IsMarked: true }) return (marked.Text, start + length);
        if (Answers.ChoiceAnswers.TextOf(Trimmed(sentence)) is null && MathSpans.First(sentence) is { } formula && IsLabel(sentence.AsSpan(0, formula.Start)) && !IsOperated(sentence.AsSpan(formula.End))) return (formula.Text, start + length);
        string answer = WithoutRemark(Trimmed(sentence));
        if (ProseSentences.HasVerb(answer) && Latex.Parser.Parse(answer) is null && Answers.ChoiceAnswers.InProse(answer).Length == 0 && Conclusion.Of(answer) is { Answer: { } stated }) return (stated.Text, start + length);
        return (answer, start + length);
    }

    // "indeed 7", "equal to 7", ": **7**"
    private static int BehindAdverbs(string text, int start)
    {
        for (int before = -1; before != start;)
        {
            before = start;
            while (start < text.Length && (char.IsWhiteSpace(text[start]) || text[start] is '*' or ':' or '=' or '_' or '#' or '：' or '>' or '`' or ',')) start++;
            foreach (string adverb in Adverbs)
                if (text.AsSpan(start).StartsWith(adverb, StringComparison.OrdinalIgnoreCase)) start += adverb.Length;
        }
        return start;
    }

    // "7 (48 in April, 24 in May)", "7, I am sure": a formula and words about it.
    private static string WithoutRemark(string answer)
    {
        int bracket = answer.IndexOf(" (", StringComparison.Ordinal), comma = answer.IndexOf(", ", StringComparison.Ordinal);
        if (bracket > 0 && answer.EndsWith(')') && !IsAlternative(answer.AsSpan(bracket + 2)) && Latex.Parser.Parse(answer) is null && Latex.Parser.Parse(answer[..bracket]) is not null && Latex.Parser.Parse(answer[(bracket + 1)..]) is null) return answer[..bracket];
        if (comma <= 0 || answer.AsSpan(comma).ContainsAny(Formal) || !answer.AsSpan(comma + 2).Contains(' ') || !answer.AsSpan(0, comma).ContainsAnyInRange('0', '9') || Latex.Parser.Parse(answer[..comma]) is null) return answer;
        return answer[..comma];
    }

    /// <summary>Whether brackets behind a value offer another one: "(or 33, …)", "(…; otherwise 18)".</summary>
    /// <param name="inside">What stands behind the opening bracket.</param>
    public static bool IsAlternative(ReadOnlySpan<char> inside)
    {
        int space = inside.IndexOf(' '), end = inside.IndexOf(')');
        if (end > 0) inside = inside[..end];
        if (space <= 0 || !inside.ContainsAnyInRange('0', '9')) return false;
        return Latex.Vocabulary.Ors.Contains(inside[..Math.Min(space, inside.Length)].ToString()) || inside.Contains("otherwise", StringComparison.OrdinalIgnoreCase) || inside.Contains(" else ", StringComparison.OrdinalIgnoreCase)
            || inside.Contains("unless", StringComparison.OrdinalIgnoreCase) || inside.Contains("depending", StringComparison.OrdinalIgnoreCase);
    }

    // "It takes **7 days**, Sundays included", not the rest of "**7 days**, Sundays included".
    private static bool HasBoldInside(string sentence)
    {
        int marks = 0;
        for (int at = sentence.IndexOf("**", StringComparison.Ordinal); at >= 0; at = sentence.IndexOf("**", at + 2, StringComparison.Ordinal)) marks++;
        return marks > 0 && marks % 2 == 0;
    }

    private static bool StartsWithAny(ReadOnlySpan<char> text, string[] words)
    {
        foreach (string word in words)
            if (text.StartsWith(word, StringComparison.OrdinalIgnoreCase) && text.Length > word.Length && !char.IsLetter(text[word.Length])) return true;
        return false;
    }

    // Words before a formula name it; a formula further on explains. "At least 7" and "minus 7" are not 7.
    private static bool IsLabel(ReadOnlySpan<char> before)
    {
        if (before.ContainsAnyInRange('0', '9')) return false;
        before = before.TrimEnd(" *");
        foreach (string bound in Prose.Bounds)
            if (before.EndsWith(bound, StringComparison.OrdinalIgnoreCase)) return false;
        return !before.EndsWith("minus", StringComparison.OrdinalIgnoreCase) && !before.EndsWith("negative", StringComparison.OrdinalIgnoreCase);
    }

    // "7 times 5", "7 if n is even"
    private static bool IsOperated(ReadOnlySpan<char> after)
    {
        after = after.TrimStart(" *");
        foreach (string word in (ReadOnlySpan<string>)["times ", "plus ", "minus ", "more than ", "less than ", "divided ", "multiplied ", "squared", "cubed", "percent of ", "or ", "if ", "unless ", "when ", "mod", "to the ", "for even", "for odd"])
            if (after.StartsWith(word, StringComparison.OrdinalIgnoreCase)) return !(word == "when " && !after.Contains('$'));
        return false;
    }

    // A sentence ends at the end of its line, or at a period before a space; display formulas may span lines.
    private static int SentenceLength(ReadOnlySpan<char> rest)
    {
        if (rest.StartsWith("$$") || rest.StartsWith("\\["))
        {
            int close = rest[2..].IndexOf(rest[0] == '$' ? "$$" : "\\]");
            if (close >= 0) return close + 4;
        }
        bool formula = false;
        for (int i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '$') formula = !formula;
            if (rest[i] is '\n' or '\r' && !(formula && rest[i..].Contains('$') && i + 1 < rest.Length && rest[i + 1] != '\n')) return i;
            if (formula || rest[i] is not ('.' or '!' or '?' or '。') || i + 1 < rest.Length && !char.IsWhiteSpace(rest[i + 1])) continue;
            if (rest[i] == '!' && i > 0 && (char.IsAsciiLetterOrDigit(rest[i - 1]) || rest[i - 1] == ')')) continue; // a factorial
            if (rest[i] == '.' && i > 0 && IsAbbreviation(rest[..i])) continue;
            return i;
        }
        return rest.Length;
    }

    // a.m., C. 59
    private static bool IsAbbreviation(ReadOnlySpan<char> before) => before.Length == 1 && char.IsAsciiLetter(before[0]) || before.EndsWith(".m") || before.EndsWith(" a") || before.EndsWith(" p") || before.EndsWith("approx");

    private static string Trimmed(string text)
    {
        if (HasBoldInside(text)) text = text.Replace("**", "", StringComparison.Ordinal);
        string trimmed = AnswerExtraction.Plain(text).Trim('*', ' ', '`', '"');
        foreach (string ending in Endings)
            if (trimmed.EndsWith(ending, StringComparison.Ordinal)) trimmed = trimmed[..^ending.Length];
        if (trimmed.EndsWith("**", StringComparison.Ordinal)) trimmed = trimmed[..^2];
        if (trimmed.EndsWith('}') && !trimmed.Contains('{')) trimmed = trimmed.TrimEnd('}', '"', ' ');
        int bold = trimmed.IndexOf("**", StringComparison.Ordinal);
        return bold > 0 ? trimmed[..bold].Trim() : trimmed;
    }
}
