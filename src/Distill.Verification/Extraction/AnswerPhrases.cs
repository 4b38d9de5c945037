namespace Distill.Verification.Extraction;

/// <summary>Phrases that announce the final answer, and what they announce.</summary>
internal static class AnswerPhrases
{
    private const int MostAttempts = 8;

    private static readonly string[] Phrases =
    [
        "####", "final answer is", "final answer:", "final answer", "answer is", "answers are", "answer are", "answer:", "answer =", "answer would be", "answer should be", "answer must be", "the result is", "solution is", "solutions are", "correct option is", "correct choice is",
        "答案是", "答案：", "答案:", "答案为", "réponse est", "réponse :", "réponse:", "antwort ist", "antwort:", "respuesta es", "respuesta:",
    ];

    /// <summary>What the last phrase announces and where that ends, or null. "Is not X" announces nothing, "X, not Y" announces X.</summary>
    public static (string Text, int End)? Last(string text)
    {
        int limit = text.Length;
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            (int start, int end) = LastPhrase(text.AsSpan(0, limit));
            if (start < 0) return null;
            if (Announced(text, end) is { Text.Length: > 0 } said) return said;
            limit = start;
        }
        return null;
    }

    private static (int Start, int End) LastPhrase(ReadOnlySpan<char> text)
    {
        (int Start, int End) last = (-1, -1);
        foreach (string phrase in Phrases)
        {
            int found = text.LastIndexOf(phrase, StringComparison.OrdinalIgnoreCase);
            if (found < 0 || found + phrase.Length < last.End) continue;
            if (char.IsAsciiLetter(phrase[^1]) && found + phrase.Length < text.Length && char.IsAsciiLetter(text[found + phrase.Length])) continue;
            if (found > 0 && char.IsAsciiLetter(phrase[0]) && char.IsAsciiLetter(text[found - 1])) continue;
            last = (found, found + phrase.Length);
        }
        return last;
    }

    private static (string Text, int End)? Announced(string text, int start)
    {
        while (start < text.Length && (char.IsWhiteSpace(text[start]) || text[start] is '*' or ':' or '=' or '_' or '#' or '：' or '>' or '`')) start++;
        ReadOnlySpan<char> rest = text.AsSpan(start);
        if (StartsWithWord(rest, "not") || StartsWithWord(rest, "neither"))
        {
            // "is not 81. It is 716", "not C, it is D", "not 5 but 7"
            foreach (string turn in (ReadOnlySpan<string>)["it is ", "it's ", "but rather ", "but "])
            {
                int found = rest[..Math.Min(rest.Length, 200)].IndexOf(turn, StringComparison.OrdinalIgnoreCase);
                if (found >= 0) return Announced(text, start + found + turn.Length);
            }
            return null;
        }
        int length = SentenceLength(rest);
        string sentence = rest[..length].ToString();
        int not = sentence.IndexOf(", not ", StringComparison.OrdinalIgnoreCase);
        if (not > 0) sentence = sentence[..not];
        if (Retraction.IsDoubtful(sentence)) return null;
        if (MathSpans.First(sentence) is { } formula && IsLabel(sentence.AsSpan(0, formula.Start))) return (formula.Text, start + length);
        return (Trimmed(sentence), start + length);
    }

    private static bool StartsWithWord(ReadOnlySpan<char> text, string word) => text.StartsWith(word, StringComparison.OrdinalIgnoreCase) && text.Length > word.Length && !char.IsLetter(text[word.Length]);

    // Words before a formula name it; a formula further on explains.
    private static bool IsLabel(ReadOnlySpan<char> before) => !before.ContainsAnyInRange('0', '9');

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
        string trimmed = AnswerExtraction.Plain(text).Trim('*', ' ', '`', '"');
        if (trimmed.EndsWith("**", StringComparison.Ordinal)) trimmed = trimmed[..^2];
        int bold = trimmed.IndexOf("**", StringComparison.Ordinal);
        return bold > 0 ? trimmed[..bold].Trim() : trimmed;
    }
}
