namespace Distill.Verification.Extraction;

/// <summary>
/// Reads the answer out of running text that does not mark it: the value that the last conclusion states. Values that it compares with, takes a
/// part of, bounds, supposes or refuses are none, and where several are left there is no answer: a wrong one costs more than none.
/// </summary>
internal static class ProseReading
{
    private static readonly ExtractedAnswer Undecided = new("", AnswerPlace.Number);

    private const int LongestSentence = 2000, MostParagraphs = 3;

    /// <summary>The answer of the end of a text; null when there are no values in it, an empty one when none of them is the answer for certain.</summary>
    /// <param name="text">The text.</param>
    /// <param name="numbers">Whether a plain number counts, and not only a formula or what is set in bold.</param>
    public static ExtractedAnswer? Find(string text, bool numbers)
    {
        int end = text.Length;
        numbers &= ProseSentences.HasWord(text);
        for (int i = 0; i < MostParagraphs && end > 0; i++)
        {
            int start = text.LastIndexOf("\n\n", end - 1, StringComparison.Ordinal);
            string paragraph = text[(start < 0 ? 0 : start + 2)..end].Trim();
            end = Math.Max(0, start);
            bool looksBack = start >= 0 && ProseSentences.IsRemark(paragraph);
            List<string> sentences = ProseSentences.Of(paragraph);
            if (start < 0 && AnswerFirst(sentences) is { } first) return first;
            for (int j = sentences.Count - 1; j >= 0; j--)
            {
                if (Retraction.IsDoubtful(Retraction.LastClause(sentences[j])) || Retraction.After(sentences[j], 0) >= 0) return Undecided;
                if (ProseSentences.IsRemark(sentences[j]) || looksBack && !ProseSentences.Concludes(sentences[j])) continue;
                if (Conclusion.Of(End(sentences[j])) is not { } conclusion) continue;
                return conclusion.Answer is { } value && (numbers || value.IsFormula || conclusion.IsMarked) ? new ExtractedAnswer(value.Text, value.IsFormula ? AnswerPlace.Formula : AnswerPlace.Number) : Undecided;
            }
        }
        return null;
    }

    // The last part of a sentence that is too long, from a formula on where there is one.
    private static string End(string sentence)
    {
        if (sentence.Length <= LongestSentence) return sentence;
        int start = sentence.Length - LongestSentence;
        List<(int Start, int End, string Content)> formulas = MathSpans.All(sentence);
        int first = formulas.FindIndex(formula => formula.Start >= start);
        return sentence[(first < 0 ? start : formulas[first].Start)..];
    }

    // "72. In April she sold 48": a value that stands alone before all words, which draw no conclusion; 1 may rather be the number of a step.
    private static ExtractedAnswer? AnswerFirst(List<string> sentences)
    {
        if (sentences.Count < 2 || sentences.Exists(sentence => ProseSentences.Concludes(sentence) || Retraction.After(sentence, 0) >= 0)) return null;
        string first = sentences[0].Trim(' ', '*', '.', '_');
        return ProseValues.Of(first) is [{ } only] && only.Start == 0 && only.End == first.Length && !only.IsName && only.Text != "1" ? new ExtractedAnswer(only.Text, AnswerPlace.Whole) : null;
    }
}
