using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Parts running text into sentences, and knows those that only look back at the answer.</summary>
internal static class ProseSentences
{
    private static readonly SearchValues<char> Ends = SearchValues.Create(".?;:");

    /// <summary>Whether a sentence or paragraph checks or explains an answer that was given before, or says goodbye.</summary>
    public static bool IsRemark(ReadOnlySpan<char> text)
    {
        text = text.TrimStart(" *_#>-\n");
        foreach (string remark in Prose.Remarks)
            if (text.StartsWith(remark, StringComparison.OrdinalIgnoreCase)) return !(remark is "since " or "because" && text.Contains(", ", StringComparison.Ordinal));
        return false;
    }

    /// <summary>Whether a text is a sentence in words, and not an answer alone.</summary>
    public static bool IsSentence(string text) => Denies(text) || Concludes(text) || HasSeveral(text) || HasVerb(text) || NamesFormula(text);

    // A formula in dollar signs with words around it.
    private static bool NamesFormula(string text)
    {
        if (!text.Contains('$') && !text.Contains("\\(", StringComparison.Ordinal)) return false;
        int at = 0, letters = 0;
        foreach ((int start, int end, string content) in MathSpans.All(text).Append((text.Length, text.Length, "")))
        {
            for (letters = 0; at < start && letters < 3; at++) letters = char.IsAsciiLetter(text[at]) && (at == 0 || text[at - 1] != '\\') ? letters + 1 : 0;
            if (letters == 3) return true;
            at = end;
        }
        return false;
    }

    /// <summary>Whether there is a verb that states a value.</summary>
    public static bool HasVerb(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetter(text[i])) continue;
            int end = i;
            while (end < text.Length && (char.IsAsciiLetter(text[end]) || text[end] == '\'')) end++;
            if (end - i > 1 && (i == 0 || text[i - 1] != '\\') && Prose.Verbs.Contains(text[i..end].ToLowerInvariant())) return true;
            i = end;
        }
        return false;
    }

    /// <summary>Whether there is a word, and not only signs and names of one letter.</summary>
    public static bool HasWord(string text)
    {
        for (int i = 1; i < text.Length; i++)
            if (char.IsLetter(text[i]) && (char.IsLetter(text[i - 1]) || text[i] >= '\u2E80')) return true;
        return false;
    }

    /// <summary>What a plain statement says of its subject: Alice, of "the winner is Alice"; else null.</summary>
    public static string? Complement(string text)
    {
        string sentence = text.TrimEnd('.', ' ', '!');
        if (sentence.Length > 200 || sentence.AsSpan().ContainsAny(Ends) || Denies(sentence) || Retraction.IsDoubtful(sentence) || sentence.Contains(" or ", StringComparison.Ordinal)) return null;
        foreach (string verb in (ReadOnlySpan<string>)[" is ", " are ", "'s ", " was ", " be "])
            if (sentence.LastIndexOf(verb, StringComparison.Ordinal) is > 0 and int at) return WithoutPlace(sentence[(at + verb.Length)..]);
        foreach (string verb in (ReadOnlySpan<string>)[" has no ", " have no ", " has infinitely ", " have infinitely "])
            if (sentence.IndexOf(verb, StringComparison.Ordinal) is > 0 and int at) return sentence[(at + verb.IndexOf(' ', 1) + 1)..];
        return Concludes(sentence) && sentence.IndexOf(", ", StringComparison.Ordinal) is > 0 and int comma ? sentence[(comma + 2)..] : null;
    }

    // on Tuesday, in the first quadrant
    private static string WithoutPlace(string complement)
    {
        foreach (string preposition in (ReadOnlySpan<string>)["on ", "in ", "at "])
            if (complement.StartsWith(preposition, StringComparison.Ordinal)) return complement[preposition.Length..];
        return complement;
    }

    /// <summary>Whether a sentence begins like a conclusion.</summary>
    public static bool Concludes(ReadOnlySpan<char> text)
    {
        text = text.TrimStart(" *_#>-\n");
        foreach (string word in (ReadOnlySpan<string>)["so ", "so,", "thus", "therefore", "hence", "consequently", "in conclusion", "finally", "in total", "altogether", "overall", "we conclude", "it follows"])
            if (text.StartsWith(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    // "3. Divide", "… = 3. Check"
    private static bool HasSeveral(string text)
    {
        for (int at = text.IndexOf(". ", StringComparison.Ordinal); at >= 0; at = text.IndexOf(". ", at + 1, StringComparison.Ordinal))
            if (at + 3 < text.Length && char.IsAsciiLetterUpper(text[at + 2]) && char.IsAsciiLetterLower(text[at + 3]) && at > 0 && !char.IsAsciiLetterUpper(text[at - 1])) return true;
        return false;
    }

    /// <summary>Whether a sentence says no to something.</summary>
    public static bool Denies(string text)
    {
        foreach (string word in text.Split([' ', ',', '.', '\n'], StringSplitOptions.RemoveEmptyEntries))
            if (Prose.Negations.Contains(word.ToLowerInvariant())) return true;
        return false;
    }

    /// <summary>The sentences of a paragraph: lines, parted at periods outside formulas.</summary>
    public static List<string> Of(string paragraph)
    {
        var sentences = new List<string>();
        int start = 0, next = 0, brackets = 0;
        List<(int Start, int End, string Content)> formulas = MathSpans.All(paragraph);
        for (int i = 0; i < paragraph.Length; i++)
        {
            if (next < formulas.Count && i == formulas[next].Start)
            {
                i = formulas[next++].End - 1;
                continue;
            }
            char c = paragraph[i];
            if (c == '(') brackets++;
            else if (c == ')') brackets--;
            bool ends = c == '\n' || c is '.' or '!' or '?' or '。' && (i + 1 >= paragraph.Length || char.IsWhiteSpace(paragraph[i + 1]) || paragraph[i + 1] is '*' or ')' or '"' || c == '。') && brackets <= 0 && !IsAbbreviation(paragraph.AsSpan(0, i));
            if (!ends) continue;
            Add(sentences, paragraph[start..(c == '\n' ? i : i + 1)]);
            (start, brackets) = (i + 1, 0);
        }
        Add(sentences, paragraph[start..]);
        return sentences;
    }

    private static void Add(List<string> sentences, string sentence)
    {
        string trimmed = sentence.Trim();
        if (trimmed.Length > 0 && trimmed.AsSpan().ContainsAnyExcept("*_ ")) sentences.Add(trimmed);
    }

    private static bool IsAbbreviation(ReadOnlySpan<char> before) =>
        before.EndsWith("i.e") || before.EndsWith(" i") || before.EndsWith("e.g") || before.EndsWith("approx") || before.EndsWith(" vs") || before.EndsWith(" no") || before.EndsWith("Mr") || before.EndsWith("Mrs") || before.EndsWith("Ms") || before.EndsWith("Dr") || before.EndsWith(" a.m") || before.EndsWith(" p.m");
}
