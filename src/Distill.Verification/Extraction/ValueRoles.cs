namespace Distill.Verification.Extraction;

/// <summary>What part the values of a sentence have in it, told from the words around them.</summary>
/// <param name="text">The sentence.</param>
internal sealed class ValueRoles(string text)
{
    private const int WordsOfDenial = 5;

    /// <summary>The part of a value.</summary>
    public ValueRole Of(ProseValue value) => IsTakenAway(value) ? ValueRole.TakenAway : IsCircumstance(value) ? ValueRole.Circumstance : ValueRole.Free;

    // "of the 30", "in 5 days", unless a word before says that the result follows: "a total of 30", "comes to 5".
    private bool IsCircumstance(ProseValue value)
    {
        int at = value.Start;
        string word = WordBefore(at);
        for (int i = 0; i < 3 && Prose.Determiners.Contains(word); i++)
        {
            at = WordStart(at);
            word = WordBefore(at);
        }
        if (!value.IsFormula && Prose.Labels.Contains(word)) return true;
        return Prose.Prepositions.Contains(word) && !Prose.LeadingWords.Contains(WordBefore(WordStart(at)));
    }

    // Bounded, doubled, or said not to be it.
    private bool IsTakenAway(ProseValue value)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, value.Start).TrimEnd(" $*");
        if (before.EndsWith(" the")) before = before[..^4];
        if (before.EndsWith(" such")) return true;
        bool isSum = before.EndsWith("add up to") || before.EndsWith("adds up to") || before.EndsWith("sum up to") || before.EndsWith("sums up to");
        foreach (string bound in Prose.Bounds)
            if (!isSum && before.EndsWith(bound, StringComparison.OrdinalIgnoreCase) && (before.Length == bound.Length || !char.IsLetter(before[before.Length - bound.Length - 1]))) return true;
        int at = value.Start;
        string following = "";
        for (int i = 0; i < WordsOfDenial; i++)
        {
            string word = WordBefore(at);
            if (Prose.Negations.Contains(word) || word == "no" && Prose.SpanishVerbs.Contains(following)) return true;
            if (Prose.Turnings.Contains(word)) break;
            (at, following) = (WordStart(at), word);
        }
        ReadOnlySpan<char> after = text.AsSpan(value.End);
        if (!value.IsFormula && after.Length > 0 && (after[0] is '+' or '^' or '/' or '=' || after[0] == '*' && !after.StartsWith("**"))) return true; // broken off
        after = after.TrimStart(" $*");
        return after.StartsWith("squared") || after.StartsWith("cubed") || after.StartsWith("or more") || after.StartsWith("or less") || after.StartsWith("or fewer");
    }

    /// <summary>Whether the sentence says of a value that it does not hold.</summary>
    public bool IsRefused(ProseValue value)
    {
        ReadOnlySpan<char> after = text.AsSpan(value.End).TrimStart(" $*,)");
        foreach (string refusal in Prose.Refusals)
            if (after.StartsWith(refusal, StringComparison.OrdinalIgnoreCase)) return true;
        return WordBefore(value.Start) is { Length: > 0 } word && word is "reject" or "rejecting" or "discard" or "discarding" or "exclude" or "excluding" or "ignoring" or "extraneous";
    }

    /// <summary>Whether a value is set in bold.</summary>
    public bool IsBold(ProseValue value)
    {
        int open = -1;
        for (int at = text.IndexOf("**", StringComparison.Ordinal); at >= 0; at = text.IndexOf("**", at + 2, StringComparison.Ordinal))
        {
            if (open < 0) open = at;
            else if (value.Start >= open && value.End <= at + 2) return !text.AsSpan(open, at - open).TrimEnd(" .").EndsWith(":");
            else open = -1;
        }
        return false;
    }

    /// <summary>The word before a place, in small letters; empty when something else stands there.</summary>
    public string WordBefore(int at)
    {
        int start = WordStart(at), end = start;
        while (end < at && IsOfWord(text[end])) end++;
        return text[start..end].ToLowerInvariant();
    }

    /// <summary>Where the word before a place begins; the place itself when something else stands between.</summary>
    public int WordStart(int at)
    {
        int end = at;
        while (end > 0 && text[end - 1] is ' ' or '*' or '$' or '(') end--;
        int start = end;
        while (start > 0 && IsOfWord(text[start - 1])) start--;
        return start == end ? at : start;
    }

    // Scripts that put no spaces between words have none to find.
    private static bool IsOfWord(char c) => char.IsAsciiLetter(c) || c == '\'' || c > '\u007F' && c < '\u2000' && char.IsLetter(c);
}
