namespace Distill.Verification.Extraction;

/// <summary>What a sentence concludes.</summary>
/// <param name="Answer">The value, or null where the sentence has values and none of them is the answer for certain.</param>
/// <param name="IsMarked">Whether the value is set in bold.</param>
internal readonly record struct Conclusion(ProseValue? Answer, bool IsMarked)
{
    /// <summary>The conclusion of a sentence, or null when it has no values.</summary>
    public static Conclusion? Of(string sentence)
    {
        string outside = WithoutAsides(sentence);
        List<ProseValue> values = ProseValues.Of(outside);
        if (values.Count == 0) return null;
        if (outside.EndsWith('?') || Supposes(outside)) return new Conclusion(null, false);
        return new SentenceReader(outside, values).Read();
    }

    // Brackets behind a value explain it: 72 (48 in April and 24 in May).
    private static string WithoutAsides(string sentence)
    {
        List<(int Start, int End, string Content)> formulas = MathSpans.All(sentence);
        int open = -1, depth = 0;
        var kept = new System.Text.StringBuilder(sentence.Length);
        for (int i = 0, next = 0; i < sentence.Length; i++)
        {
            if (next < formulas.Count && i == formulas[next].Start)
            {
                (int start, int end, _) = formulas[next++];
                if (depth == 0) kept.Append(sentence, start, end - start);
                i = end - 1;
                continue;
            }
            if (sentence[i] == '(' && depth++ == 0) open = i;
            if (depth == 0) kept.Append(sentence[i]);
            if (sentence[i] == ')' && depth > 0 && --depth == 0 && !IsAside(sentence, open)) kept.Append(sentence, open, i + 1 - open);
        }
        if (depth > 0) kept.Append(sentence, open, sentence.Length - open);
        return kept.ToString();
    }

    private static bool IsAside(string sentence, int open) => open > 0 && sentence[open - 1] is ' ' or '*' && open + 1 < sentence.Length && sentence.AsSpan(0, open).TrimEnd(" *") is { Length: > 0 } before && (char.IsLetterOrDigit(before[^1]) || before[^1] is '$' or '.' or '%') && !AnswerPhrases.IsAlternative(sentence.AsSpan(open + 1));

    // "If he had worked on Sunday, too, he would have earned 20": what did not happen.
    private static bool IsUnreal(ReadOnlySpan<char> clause) => (clause.StartsWith("if ", StringComparison.OrdinalIgnoreCase) || clause.StartsWith("had ", StringComparison.OrdinalIgnoreCase) || clause.StartsWith("were ", StringComparison.OrdinalIgnoreCase))
        && clause.Contains(" would have ", StringComparison.OrdinalIgnoreCase);

    private static bool Supposes(string sentence)
    {
        ReadOnlySpan<char> text = sentence.AsSpan().TrimStart(" *_");
        foreach (string supposition in Prose.Suppositions)
            if (text.StartsWith(supposition, StringComparison.OrdinalIgnoreCase) && !(supposition == "if " && text.Contains(", ", StringComparison.Ordinal))) return true;
        if (text.ContainsAny(Prose.Provisos) || IsUnreal(text[(text.LastIndexOf(';') + 1)..].TrimStart(' '))) return true;
        return text.Contains(" such that ", StringComparison.OrdinalIgnoreCase) && !text.Contains(" is ", StringComparison.OrdinalIgnoreCase) && !text.Contains(" are ", StringComparison.OrdinalIgnoreCase);
    }
}
