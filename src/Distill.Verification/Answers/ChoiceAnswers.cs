using System.Collections.Frozen;
using Distill.Verification.Extraction;
using Distill.Verification.Latex;

namespace Distill.Verification.Answers;

/// <summary>Letters of multiple-choice answers: C, (C), C), C. 59, \text{(C)}, Option C; several letters are a set.</summary>
internal static class ChoiceAnswers
{
    private const char LastLetter = 'J';

    /// <summary>Letters and text of a reference answer that is a choice, or null when it is none.</summary>
    public static (string Letters, string Text)? Reference(string gold)
    {
        string text = Bare(gold);
        if (text.Length == 0 || text.Length > 200) return null;
        if (Labelled(text) is { } labelled) return (labelled.Letters, labelled.Behind);
        string letters = Letters(text);
        return letters.Length > 0 && (letters.Length == 1 || IsAscending(letters)) ? (letters, "") : null;
    }

    /// <summary>The letters that an answer names, in order; empty when it names none.</summary>
    /// <param name="answer">The extracted answer.</param>
    /// <param name="anchored">Whether it stood in a box or after a phrase, where a lower-case letter counts too.</param>
    public static string Given(string answer, bool anchored)
    {
        string text = Bare(answer);
        foreach (string word in (ReadOnlySpan<string>)["the correct answer is", "the correct option is", "correct option", "correct answer", "the answer is", "the option", "option", "choice", "answer", "letter", "选项", "选"])
        {
            if (!text.StartsWith(word, StringComparison.OrdinalIgnoreCase) || text.Length <= word.Length || char.IsAsciiLetter(text[word.Length])) continue;
            (text, anchored) = (text[word.Length..].Trim(' ', ':', '.', '：'), true);
        }
        if (Labelled(text) is { } labelled) return Follows(labelled.Behind, Blame) ? "" : labelled.Letters;
        if (Letters(text) is { Length: > 0 } letters) return letters;
        if (anchored && text.Trim('(', ')', '.', ' ', '[', ']') is [>= 'a' and <= 'j' and var small]) return char.ToUpperInvariant(small).ToString();
        return "";
    }

    /// <summary>The letters that running text names as the answer, for a choice that nothing marks: (C), option C, "C is correct", C alone.</summary>
    public static string InProse(string text)
    {
        if (Retraction.IsDoubtful(text)) return "";
        var found = new SortedSet<char>();
        bool alone = Letters(Bare(text)).Length > 0, listed = false, refused = false;
        int last = -1;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is < 'A' or > LastLetter || i > 0 && char.IsLetterOrDigit(text[i - 1]) || i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1])) continue;
            bool bracketed = i > 0 && i + 1 < text.Length && text[i - 1] is '(' or '*' or '{' && text[i + 1] is ')' or '*' or '}' or '.';
            bool joined = text.AsSpan(i + 1).StartsWith(" and ") || text.AsSpan(i + 1).StartsWith(" or ");
            if (!bracketed && !joined && (c == 'I' || c == 'A' && i + 2 < text.Length && text[i + 1] == ' ' && char.IsAsciiLetterLower(text[i + 2]) && !Follows(text.AsSpan(i + 1), Praise))) continue;
            if (i + 1 < text.Length && text[i + 1] is '\'' or '’' or '-' or '=' or '+') continue;
            string before = LastWord(text.AsSpan(0, i).TrimEnd(" (*{\\"));
            listed = last >= 0 && text.AsSpan(last + 1, i - last - 1).Trim(" ()*,") is "" or "and" or "or" or "&";
            if (listed && text.AsSpan(last + 1, i - last - 1).Contains("or", StringComparison.Ordinal) && !refused) return "";
            last = i;
            refused = listed ? refused : Refusers.Contains(before);
            if (refused || Follows(text.AsSpan(i + 1), Blame)) continue;
            if (alone || bracketed || joined || listed || Leaders.Contains(before) || before.EndsWith('选') || Follows(text.AsSpan(i + 1), Praise) || before.Length == 0 && text.AsSpan(0, i).TrimEnd() is not [.., ',']) found.Add(c);
        }
        return string.Concat(found);
    }

    private static readonly string[] Praise = ["is correct", "is right", "is the answer", "is the correct", "is the right", "is true", "works", "is our", "is what", "it is", "fits"];

    private static readonly string[] Blame = ["is wrong", "is incorrect", "is not", "isn't", "is false", "is invalid", "is impossible", "is eliminated", "is ruled", "is out", "is too", "are wrong", "are incorrect", "are not", "are false", "are out", "are eliminated", "are ruled", "are also", "cannot be right", "cannot be correct", "cannot be the", "cannot be true", "can't be", "does not", "doesn't", "fails", "is also incorrect", "is also wrong", "would be", "was wrong"];

    private static readonly FrozenSet<string> Refusers = FrozenSet.ToFrozenSet(["not", "isn't", "except", "but", "excluding", "eliminating", "eliminate", "reject", "rejecting", "unlike", "than", "of", "point", "neither", "nor", "without", "ignore", "ignoring", "aren't", "cannot", "over", "discard", "discarding"]);

    private static readonly FrozenSet<string> Leaders = FrozenSet.ToFrozenSet(["option", "options", "choice", "choices", "answer", "answers", "is", "are", "be", "letter", "pick", "choose", "select", "it's", "leaves", "leaving", "so", "thus", "therefore", "hence", "selected", "chose", "mark", "gives", "means", "选", "是"]);

    private static bool Follows(ReadOnlySpan<char> behind, string[] phrases)
    {
        behind = behind.TrimStart(" )*}.");
        foreach (string phrase in phrases)
            if (behind.StartsWith(phrase, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static string LastWord(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd(" :");
        int start = text.Length;
        while (start > 0 && (char.IsLetter(text[start - 1]) || text[start - 1] == '\'')) start--;
        return text[start..].ToString().ToLowerInvariant();
    }

    /// <summary>The text behind the letter of an answer such as "B. 35", or null.</summary>
    public static string? TextOf(string answer)
    {
        if (Labelled(Bare(answer)) is not { Behind.Length: > 0 } labelled) return null;
        int mark = answer.AsSpan().IndexOfAny(").:]");
        // Without faces around the letter the text is kept as it is; a * in it is a product.
        return mark >= 0 && mark < 4 && !answer.Contains('\\') ? answer[(mark + 1)..].Trim() : labelled.Behind;
    }

    // "(B) 24", "B. 35", "C) 59", "C: blue", "(C)"
    private static (string Letters, string Behind)? Labelled(string text)
    {
        int at = text.Length > 0 && text[0] is '(' or '[' ? 1 : 0;
        if (at >= text.Length || text[at] is < 'A' or > LastLetter) return null;
        char letter = text[at];
        int after = at + 1;
        while (after < text.Length && text[after] == ' ') after++;
        if (after >= text.Length) return at == 0 ? (letter.ToString(), "") : null;
        bool closes = text[after] is ')' or ']';
        if (at == 1 && !closes || at == 0 && !(closes || text[after] is '.' or ':' || text[after] is '-' or '–' or '—' && after > 1 && after + 1 < text.Length && text[after + 1] == ' ')) return null;
        string rest = text[(after + 1)..].Trim(' ', ':', '.');
        if (at == 0 && text[after] == '.' && rest.Length > 0 && text[after + 1] != ' ' && !char.IsAsciiDigit(rest[0])) return null; // A.B
        if (Letters(rest) is { Length: > 0 } more && rest.Contains('(')) return (Sorted(letter + more), "");
        return rest.StartsWith("and ", StringComparison.Ordinal) || rest.StartsWith(", ", StringComparison.Ordinal) || rest.StartsWith("or ", StringComparison.Ordinal)
            ? Letters(rest.TrimStart(',', ' ').Replace("and ", "", StringComparison.Ordinal).Replace("or ", "", StringComparison.Ordinal)) is { Length: > 0 } others ? (Sorted(letter + others), "") : (letter.ToString(), rest)
            : (letter.ToString(), rest);
    }

    // "C", "BD", "A, C", "A and C", "(A) (C)"
    private static string Letters(string text)
    {
        var letters = new System.Text.StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is >= 'A' and <= LastLetter) letters.Append(c);
            else if (c is ',' or ' ' or '(' or ')' or '.' or '&' or ';' or '/' or '、' or '[' or ']') continue;
            else if (string.CompareOrdinal(text, i, "and", 0, 3) == 0 && letters.Length > 0) i += 2;
            else return "";
        }
        string named = letters.ToString();
        return named.Length is 0 or > 8 || named.Distinct().Count() < named.Length ? "" : Sorted(named); // II is a numeral
    }

    private static string Sorted(string letters) => string.Concat(letters.Distinct().Order());

    private static bool IsAscending(string letters) => letters.Length <= 6 && letters.Zip(letters.Skip(1)).All(pair => pair.First < pair.Second);

    /// <summary>The answer without formula marks and faces.</summary>
    private static string Bare(string text)
    {
        var bare = new System.Text.StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            TexPiece piece = TexPiece.At(text, i);
            char c = piece.Character;
            if (piece.Command is { } command)
            {
                if (!piece.IsLooks) bare.Append('\\').Append(command);
            }
            else if (piece.IsEscaped) bare.Append(c is '(' or ')' or '[' or ']' && (piece.End >= text.Length || i == 0) ? "" : " "); // a formula's delimiters
            else if (c is not ('$' or '{' or '}' or '*' or '~' or '`' or '"' or '\'')) bare.Append(c is '（' ? '(' : c is '）' ? ')' : c is '\n' ? ' ' : c);
            else if (c == '~') bare.Append(' ');
            i = piece.End;
        }
        return bare.ToString().Trim(' ', '.', ',', ';');
    }
}
