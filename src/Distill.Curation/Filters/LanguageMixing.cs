using Distill.Chat;
using Distill.Traces;

namespace Distill.Curation.Filters;

/// <summary>
/// Completions that fall into a script which the problem does not use (<see cref="ScriptMixing"/>), or into English where the problem is
/// in another script. Names of variables and commands are Latin everywhere and count for no language.
/// </summary>
internal static class LanguageMixing
{
    private const int ShortestWord = 3, FewestLetters = 20;
    private const double MostLatin = 0.3;

    // Problems about languages may mix them.
    private static readonly string[] AboutLanguage =
        ["translat", "chinese", "japanese", "korean", "russian", "arabic", "hebrew", "hindi", "thai", "mandarin", "language", "翻译", "翻譯", "перевед", "перевод"];

    /// <summary>What is mixed, or null.</summary>
    public static string? Find(Trace trace)
    {
        IReadOnlyList<Message> prompt = trace.Prompt.Messages;
        Completion completion = trace.Completion;
        string? found = ScriptMixing.IsMixed(prompt, completion.Reasoning) || ScriptMixing.IsMixed(prompt, completion.Answer) ? "falls into a script that the problem does not use"
            : FallsIntoLatin(prompt, completion) ? "falls into Latin script" : null;
        return found is not null && !IsAboutLanguage(prompt) ? found : null;
    }

    private static bool IsAboutLanguage(IReadOnlyList<Message> prompt) => prompt.Any(message =>
        Array.Exists(AboutLanguage, word => message.Content.Contains(word, StringComparison.OrdinalIgnoreCase)));

    private static bool FallsIntoLatin(IReadOnlyList<Message> prompt, Completion completion)
    {
        (int latin, int other) = (0, 0);
        foreach (Message message in prompt) Count(message.Content, ref latin, ref other);
        if (latin > MostLatin * (latin + other) || other == 0) return false;
        (latin, other) = (0, 0);
        Count(completion.Reasoning, ref latin, ref other);
        Count(completion.Answer, ref latin, ref other);
        return latin >= FewestLetters && latin > MostLatin * (latin + other);
    }

    private static void Count(string text, ref int latin, ref int other)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsLetter(text[i])) continue;
            if (!IsLatin(text[i]))
            {
                other++;
                continue;
            }
            int start = i;
            while (i + 1 < text.Length && IsLatin(text[i + 1])) i++;
            bool command = start > 0 && text[start - 1] == '\\';
            if (!command && i - start + 1 >= ShortestWord) latin += i - start + 1;
        }
    }

    private static bool IsLatin(char c) => c < '\u0250' && char.IsLetter(c);
}
