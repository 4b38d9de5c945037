using System.Text.RegularExpressions;

namespace Distill.Verification.Instructions;

/// <summary>What IFEval counts in a text: words, sentences, paragraphs.</summary>
internal static partial class InstructionText
{
    // What ends in a full stop and ends no sentence, in the English of such texts.
    private static readonly HashSet<string> Abbreviations = new(StringComparer.OrdinalIgnoreCase)
    {
        "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "inc", "ltd", "co", "corp", "no", "vol", "fig", "al", "gen", "rev", "hon", "capt", "sgt", "approx", "dept", "est", "ph.d", "p.s", "p.p.s",
    };

    /// <summary>Number of runs of letters, numbers and underscores, which is what <c>\w+</c> finds in Python: signs that combine with a letter part words, as in Hindi.</summary>
    public static int CountWords(string text) => Word().Count(text);

    /// <summary>
    /// Number of sentences: a full stop, question or exclamation mark that ends a word, unless it ends an abbreviation, an initial or the number of a list.
    /// The original asks a trained model (NLTK's punkt); on ordinary prose the two agree.
    /// </summary>
    public static int CountSentences(string text)
    {
        int count = 0, begin = 0;
        foreach (Match match in SentenceEnd().Matches(text))
        {
            if (match.Value[0] == '.' && match.Value.Trim() == "." && EndsNoSentence(text, begin, match.Index)) continue;
            count++;
            begin = match.Index + match.Length;
        }
        return count + (Word().IsMatch(text, begin) ? 1 : 0);
    }

    /// <summary>Number of words in capitals only; a slash joins a word and an ampersand parts it, as in NLTK.</summary>
    public static int CountCapitalWords(string text) =>
        CapitalToken().Matches(text).Count(match => match.Value.Any(char.IsUpper) && !match.Value.Any(char.IsLower));

    /// <summary>Whether every letter that has a case is upper case, and there is one.</summary>
    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    /// <summary>Whether every letter that has a case is lower case, and there is one.</summary>
    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    private static bool EndsNoSentence(string text, int begin, int stop)
    {
        int start = stop;
        while (start > begin && !char.IsWhiteSpace(text[start - 1])) start--;
        string word = text[start..stop].TrimStart('(', '"', '\'', '*', '[');
        bool initial = word.Length == 1 && char.IsUpper(word[0]) && word[0] != 'I';
        bool item = word.Length is > 0 and <= 3 && word.All(char.IsAsciiDigit) && (start == 0 || text[..start].TrimEnd(' ', '\t').EndsWith('\n'));
        return Abbreviations.Contains(word) || initial || item;
    }

    [GeneratedRegex(@"[\p{L}\p{N}_]+", RegexOptions.NonBacktracking)]
    private static partial Regex Word();

    [GeneratedRegex(@"[.!?]+[""')\]*_”’]*(?:\s+|$)", RegexOptions.NonBacktracking)]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"[\p{L}\p{N}][\p{L}\p{N}\-./]*", RegexOptions.NonBacktracking)]
    private static partial Regex CapitalToken();
}
