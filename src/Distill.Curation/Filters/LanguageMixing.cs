using Distill.Chat;
using Distill.Traces;

namespace Distill.Curation.Filters;

/// <summary>
/// Reasoning that falls into a script which the problem does not use, such as Chinese in the middle of English. Greek letters and Latin
/// names of variables and commands belong to mathematics and count for no language.
/// </summary>
internal static class LanguageMixing
{
    private const int FewestLetters = 10;
    private const double ShareOfForeign = 0.005, ShareOfLatin = 0.3, ShareInPrompt = 0.02;
    private const int ShortestLatinWord = 3;

    private static readonly string[] Scripts = ["Latin", "Han", "Kana", "Hangul", "Cyrillic", "Arabic", "Hebrew", "Devanagari", "Thai"];

    // Problems about languages may mix them.
    private static readonly string[] AboutLanguage =
        ["translat", "chinese", "japanese", "korean", "russian", "arabic", "hebrew", "hindi", "thai", "mandarin", "language", "翻译", "翻譯", "перевед", "перевод"];

    /// <summary>The foreign script and its share of the letters, or null.</summary>
    public static string? Find(Trace trace)
    {
        Span<int> letters = stackalloc int[Scripts.Length], prompt = stackalloc int[Scripts.Length];
        Count(trace.Completion.Reasoning, letters);
        Count(trace.Completion.Answer, letters);
        int all = Sum(letters);
        if (all < FewestLetters) return null;
        foreach (Message message in trace.Prompt.Messages) Count(message.Content, prompt);
        int home = IndexOfMost(Sum(prompt) > 0 ? prompt : letters), promptLetters = Math.Max(1, Sum(prompt));
        for (int script = 0; script < letters.Length; script++)
        {
            if (script == home || prompt[script] >= ShareInPrompt * promptLetters || letters[script] < FewestLetters) continue;
            if (IsJapanese(script, home, prompt)) continue;
            double share = letters[script] / (double)all;
            if (share < (script == 0 ? ShareOfLatin : ShareOfForeign) || IsAboutLanguage(trace)) continue;
            return $"{Scripts[script]} is {share:P1} of the letters, the problem is {Scripts[home]}";
        }
        return null;
    }

    private static bool IsAboutLanguage(Trace trace) => trace.Prompt.Messages.Any(message =>
        Array.Exists(AboutLanguage, word => message.Content.Contains(word, StringComparison.OrdinalIgnoreCase)));

    // Japanese is written in Han and Kana together.
    private static bool IsJapanese(int script, int home, ReadOnlySpan<int> prompt) => (script == 1 && home == 2) || (script == 2 && home == 1 && prompt[2] > 0);

    private static void Count(string text, Span<int> letters)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (!char.IsLetter(c)) continue;
            if (c >= 0x250)
            {
                if (ScriptOf(c) is var script and > 0) letters[script]++;
                continue;
            }
            int start = i;
            while (i + 1 < text.Length && text[i + 1] < 0x250 && char.IsLetter(text[i + 1])) i++;
            bool command = start > 0 && text[start - 1] == '\\';
            if (!command && i - start + 1 >= ShortestLatinWord) letters[0] += i - start + 1;
        }
    }

    private static int ScriptOf(char c) => c switch
    {
        >= '\u3400' and <= '\u9FFF' or >= '\uF900' and <= '\uFAFF' => 1,
        >= '\u3040' and <= '\u30FF' => 2,
        >= '\uAC00' and <= '\uD7A3' => 3,
        >= '\u0400' and <= '\u052F' => 4,
        >= '\u0600' and <= '\u06FF' => 5,
        >= '\u0590' and <= '\u05FF' => 6,
        >= '\u0900' and <= '\u097F' => 7,
        >= '\u0E00' and <= '\u0E7F' => 8,
        _ => -1,
    };

    private static int Sum(ReadOnlySpan<int> counts)
    {
        int sum = 0;
        foreach (int count in counts) sum += count;
        return sum;
    }

    private static int IndexOfMost(ReadOnlySpan<int> counts)
    {
        int most = 0;
        for (int i = 1; i < counts.Length; i++)
            if (counts[i] > counts[most]) most = i;
        return most;
    }
}
