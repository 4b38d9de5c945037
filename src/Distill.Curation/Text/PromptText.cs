using System.Text;
using Distill.Chat;
using Distill.Prompts;

namespace Distill.Curation.Text;

/// <summary>
/// A problem as what it says: its words, and one key without spaces. Instructions that are added to every problem ("put your final
/// answer within \boxed{}") and numbering ("Problem 12.") are left out.
/// </summary>
internal sealed class PromptText
{
    private static readonly string[] Labels = ["problem", "question", "exercise", "task", "example", "q"];
    private static readonly HashSet<ulong> LabelHashes = [.. Labels.Select(label => StableHash.Of(label))];

    private PromptText(string text, Word[] words, string key) => (Text, Words, Key) = (text, words, key);

    /// <summary>The text that the words stand in.</summary>
    public string Text { get; }

    /// <summary>Its words, in order.</summary>
    public Word[] Words { get; }

    /// <summary>The characters of the words with nothing between them: the same for texts that differ in spacing, case and punctuation only.</summary>
    public string Key { get; }

    /// <summary>What the user says in a prompt.</summary>
    public static PromptText Of(Prompt prompt) => Of(prompt.Messages.Count == 1 ? prompt.Messages[0].Content
        : string.Join('\n', prompt.Messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content)));

    /// <summary>A text.</summary>
    public static PromptText Of(string text)
    {
        text = Plain(text);
        var key = new StringBuilder(text.Length);
        var words = new List<Word>(text.Length / 5);
        var keyEnds = new List<int>(text.Length / 5);
        WordScanner.Scan(text, key, words, keyEnds);
        int numbering = Numbering(text, words);
        var kept = new List<Word>(words.Count);
        var said = new StringBuilder(key.Length);
        for (int i = numbering; i < words.Count;)
        {
            int length = Instructions.LengthAt(words, i);
            if (length > 0)
            {
                i += length;
                continue;
            }
            kept.Add(words[i]);
            int start = i == 0 ? 0 : keyEnds[i - 1];
            if (said.Length > 0 && char.IsDigit(said[^1]) && char.IsDigit(key[start])) said.Append(','); // 1, 2 is not 12
            said.Append(key, start, keyEnds[i] - start);
            i++;
        }
        return new PromptText(text, [.. kept], said.ToString());
    }

    /// <summary>The text from one word to another, both included, on one line.</summary>
    public string Span(int firstWord, int lastWord)
    {
        const int Longest = 240;
        string span = string.Join(' ', Text[Words[firstWord].Start..Words[lastWord].End].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return span.Length <= Longest ? span : span[..(char.IsHighSurrogate(span[Longest - 1]) ? Longest - 1 : Longest)] + "…";
    }

    // Full-width characters and typeset operators as the plain ones, so that nothing moves.
    private static string Plain(string text) => Ascii.IsValid(text) ? text : string.Create(text.Length, text, (plain, typeset) =>
    {
        for (int i = 0; i < plain.Length; i++)
        {
            plain[i] = typeset[i] switch
            {
                >= '\uFF01' and <= '\uFF5E' and var wide => (char)(wide - 0xFEE0),
                '\u2212' or '\u2013' => '-',
                '\u00D7' or '\u00B7' or '\u22C5' => '*',
                '\u00F7' => '/',
                '\u2264' => '<',
                '\u2265' => '>',
                var same => same,
            };
        }
    });

    private static int Numbering(string text, List<Word> words)
    {
        if (words.Count < 3) return 0;
        int number = LabelHashes.Contains(words[0].Hash) ? 1 : 0;
        if (words[number].IsNumber && words[number].End - words[number].Start <= 4 && (number == 1 || After(0) is '.' or ')' or ':' && char.IsWhiteSpace(text, words[0].End + 1)))
            return number + 1;
        return number == 1 && After(0) == ':' ? 1 : 0;

        char After(int word) => words[word].End + 1 < text.Length ? text[words[word].End] : '\0';
    }
}
