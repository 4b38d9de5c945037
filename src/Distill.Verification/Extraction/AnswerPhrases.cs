using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Phrases that announce the final answer, and what they announce.</summary>
internal static class AnswerPhrases
{
    private const int MostAttempts = 8;

    // Longer phrases before those that they begin with.
    private static readonly string[] Phrases =
    [
        "####", "final answer is", "final answer:", "final answer", "answer is", "answers are", "answer are", "answer:", "answer**", "answer\n", "answer\r\n", "answer\":", "answer =", "answer would be", "answer should be", "answer must be", "the result is", "solution is", "solutions are", "solution:", "result:", "correct option is", "correct choice is",
        "答案是", "答案：", "答案:", "答案为", "réponse est", "réponse :", "réponse:", "antwort ist", "antwort:", "respuesta es", "respuesta:",
    ];

    private static readonly SearchValues<string> AnyPhrase = SearchValues.Create(Phrases, StringComparison.OrdinalIgnoreCase);

    /// <summary>What the last phrase announces and where that ends, or null. "Is not X" announces nothing, "X, not Y" announces X.</summary>
    public static (string Text, int End)? Last(string text)
    {
        var ends = new Queue<int>(MostAttempts);
        int at = 0;
        while (text.AsSpan(at).IndexOfAny(AnyPhrase) is >= 0 and int found)
        {
            int start = at + found;
            int length = LengthAt(text, start);
            at = start + Math.Max(1, length);
            if (length == 0) continue;
            if (ends.Count == MostAttempts) ends.Dequeue();
            ends.Enqueue(start + length);
        }
        foreach (int end in ends.Reverse())
            if (Announced(text, end) is { Text.Length: > 0 } said) return said;
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
        while (start < text.Length && (char.IsWhiteSpace(text[start]) || text[start] is '*' or ':' or '=' or '_' or '#' or '：' or '>' or '`')) start++;
        foreach (string hedge in (ReadOnlySpan<string>)["approximately ", "about ", "roughly ", "approx. ", "exactly ", "simply ", "therefore ", "thus "])
            if (text.AsSpan(start).StartsWith(hedge, StringComparison.OrdinalIgnoreCase)) start += hedge.Length;
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
        foreach (string reason in (ReadOnlySpan<string>)[" because ", " since "])
            if (sentence.IndexOf(reason, StringComparison.OrdinalIgnoreCase) is > 0 and int why) sentence = sentence[..why].TrimEnd(',');
        if (Retraction.IsDoubtful(sentence)) return null;
        if (Answers.ChoiceAnswers.TextOf(Trimmed(sentence)) is null && MathSpans.First(sentence) is { } formula && IsLabel(sentence.AsSpan(0, formula.Start))) return (formula.Text, start + length);
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
        if (trimmed.EndsWith('}') && !trimmed.Contains('{')) trimmed = trimmed.TrimEnd('}', '"', ' ');
        int bold = trimmed.IndexOf("**", StringComparison.Ordinal);
        return bold > 0 ? trimmed[..bold].Trim() : trimmed;
    }
}
