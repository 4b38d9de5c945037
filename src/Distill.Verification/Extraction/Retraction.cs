using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Signs that a completion takes its answer back after it was given, or does not stand by it.</summary>
internal static class Retraction
{
    private const int Window = 2000, Nearby = 24;

    private static readonly string[] Cues =
    [
        "that is wrong", "that's wrong", "this is wrong", "that was wrong", "that is incorrect", "that's incorrect", "this is incorrect", "that was incorrect", "is not correct", "is not right", "that's not right", "that isn't right", "that can't be right", "that cannot be right", "i made a mistake", "i made an error", "i was wrong", "i misread", "i miscalculated",
        "disregard", "scratch that", "take that back", "i retract", "ignore the above", "ignore my", "ignore that", "cannot be determined after all", "i cannot determine", "i can't determine", "i am not able to", "forget that", "this does not satisfy", "this doesn't satisfy", "it does not satisfy", "it doesn't satisfy", "that does not satisfy", "that doesn't satisfy",
        "this does not work", "this doesn't work", "that does not work", "that doesn't work", "it does not work", "it doesn't work", "this is impossible", "that is impossible", "this contradicts", "that contradicts", "which is a contradiction", "which is impossible", "which contradicts", "should have been", "should instead be", "should actually be",
    ];

    /// <summary>Words that begin a sentence in which a writer thinks again.</summary>
    private static readonly string[] Turns = ["wait", "actually", "hmm", "no,", "no.", "no:", "no!", "i mean", "hold on", "not quite"];

    /// <summary>Words that begin a sentence in which a writer puts another answer in place of the first.</summary>
    private static readonly string[] Replacements = ["on second thought", "on reflection", "correction", "oops", "sorry,", "sorry:", "scratch", "my mistake", "my bad", "apologies", "edit:", "rather,", "or rather", "better:", "erratum", "update:", "revised", "corrected"];

    private static readonly string[] Confirmations = ["is correct", "is right", "confirm", "indeed", "yes", "matches", "holds", "✓", "consistent", "is fine", "stands", "checks out", "that's correct", "that's right", "same"];

    private static readonly string[] Doubts =
    [
        "might be", "may be", "could be", "maybe", "perhaps", "not sure", "either", "possibly", "i guess", "probably not", "unsure", "don't know", "do not know", "cannot determine", "can't determine", "cannot tell", "can't tell", "cannot say", "can't say", "i cannot ", "i can't ", "unable to ", "give up", "no idea",
        "doubt that", "doubt the", "don't think", "do not think", "don't believe", "do not believe", "unlikely", "false that", "not true that", "claim", "wrong answer", "incorrect answer", "common mistake", "common error", "might think", "might say", "might guess", "may think", "would think", "not certain", "uncertain", "hard to say", "tempting", "if i had to", "my guess", "best guess", "let me guess", "educated guess",
        "возможно", "наверное", "не уверен", "quizás", "quizas", "tal vez", "talvez", "vielleicht", "möglicherweise", "peut-être", "forse", "可能是", "也许", "不确定", "かもしれ", "아마",
    ];

    private static readonly SearchValues<string> OfOthers = SearchValues.Create(["might say", "might think", "might guess", "may think", "would think", "tempting", "common mistake", "common error"], StringComparison.OrdinalIgnoreCase);

    // What before "the answer is" makes it no statement.
    private static readonly string[] Distances = ["wrong", "incorrect", "not ", "n't ", "if ", "suppose", "assum", "why ", "whether ", "thought", "guess", "said ", "says ", "believe", "no ", "never ", "false", "naive", "earlier", "previous", "initial", "first answer", "tempt", "expected", "unless ", "one ", "another ", "possible", "check that", "check if", "verify that", "show that", "prove that", "other student", "only if", "trap"];

    private static readonly SearchValues<char> SentenceEnds = SearchValues.Create(".!?\n;:");

    private static readonly SearchValues<string> AnyCue = SearchValues.Create(Cues, StringComparison.OrdinalIgnoreCase), AnyDoubt = SearchValues.Create(Doubts, StringComparison.OrdinalIgnoreCase),
        AnyTurn = SearchValues.Create([.. Turns, .. Replacements], StringComparison.OrdinalIgnoreCase), AnyConfirmation = SearchValues.Create(Confirmations, StringComparison.OrdinalIgnoreCase), AnyDistance = SearchValues.Create(Distances, StringComparison.OrdinalIgnoreCase);

    /// <summary>Where a retraction begins in the text behind an answer, or -1 when there is none.</summary>
    public static int After(string text, int end)
    {
        ReadOnlySpan<char> rest = text.AsSpan(end);
        if (rest.Length > Window) rest = rest[^Window..];
        int offset = text.Length - rest.Length, last = -1, at = 0;
        while (rest[at..].IndexOfAny(AnyCue) is >= 0 and int found)
        {
            at += found;
            if (!Denied(rest[..at])) last = at;
            at++;
        }
        if (last >= 0) return offset + last;
        at = 0;
        while (rest[at..].IndexOfAny(AnyTurn) is >= 0 and int found)
        {
            at += found;
            if (BeginsSentence(rest[..at], offset > 0 || end > 0) && IsWord(rest, at) && !(IsConfirmed(rest[at..]) && !Replaces(rest[at..]))) return offset + at;
            at++;
        }
        return -1;
    }

    private static bool BeginsSentence(ReadOnlySpan<char> before, bool behindAnswer)
    {
        ReadOnlySpan<char> trimmed = before.TrimEnd(" *_\n\"");
        if (trimmed.EndsWith("but") || trimmed.EndsWith(" or")) return true;
        return trimmed.Length == 0 ? behindAnswer : trimmed[^1] is '.' or '!' or '?' or '—' or '–' or '…' or ';' or ':' or '(' or '$' or '}' or ']' or ',' || trimmed[^1] == '-' && before[^1] == ' ' || before.Length > trimmed.Length && before[trimmed.Length..].Contains('\n');
    }

    private static bool Replaces(ReadOnlySpan<char> rest)
    {
        foreach (string replacement in Replacements)
            if (rest.StartsWith(replacement, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static bool IsWord(ReadOnlySpan<char> rest, int at)
    {
        int end = at;
        while (end < rest.Length && char.IsLetter(rest[end])) end++;
        return end == rest.Length || end - at is 2 or >= 4 || rest[at..end].Equals("hmm", StringComparison.OrdinalIgnoreCase) || rest[at] is 'i' or 'I' or 'o' or 'O';
    }

    private static bool IsConfirmed(ReadOnlySpan<char> rest) =>
        rest.IndexOfAny(AnyConfirmation) >= 0 && !rest.Contains("incorrect", StringComparison.OrdinalIgnoreCase) && !rest.Contains(" not ", StringComparison.OrdinalIgnoreCase) && !rest.Contains("n't", StringComparison.OrdinalIgnoreCase) && !rest.Contains("wrong", StringComparison.OrdinalIgnoreCase);

    // "nothing that is wrong", "to check that this is not correct" take nothing back.
    private static bool Denied(ReadOnlySpan<char> before)
    {
        before = before.TrimEnd();
        return before.EndsWith("if", StringComparison.OrdinalIgnoreCase) || before.EndsWith("anything", StringComparison.OrdinalIgnoreCase) || before.EndsWith("nothing", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The part of a sentence behind its last semicolon, where it puts a value against what others may think: "one might say 31; it is 32".</summary>
    public static ReadOnlySpan<char> LastClause(ReadOnlySpan<char> sentence) =>
        sentence.LastIndexOf("; ") is >= 0 and int at && sentence[at..].ContainsAnyInRange('0', '9') && sentence[..at].ContainsAny(OfOthers) ? sentence[(at + 2)..] : sentence;

    /// <summary>Whether a sentence only guesses.</summary>
    public static bool IsDoubtful(ReadOnlySpan<char> sentence)
    {
        if (sentence.Length > Window) sentence = sentence[^Window..];
        int at = 0;
        while (sentence[at..].IndexOfAny(AnyDoubt) is >= 0 and int found)
        {
            at += found;
            if (at == 0 || !char.IsAsciiLetter(sentence[at - 1])) return true;
            at++;
        }
        return false;
    }

    /// <summary>Whether the last words before an answer make it a guess: "or maybe".</summary>
    public static bool IsGuess(ReadOnlySpan<char> before)
    {
        if (before.Length > Nearby) before = before[^Nearby..];
        before = before.TrimEnd(" $*:\n");
        before = before[(before.LastIndexOfAny(SentenceEnds) + 1)..];
        return IsDoubtful(before) && !before.Contains("either", StringComparison.OrdinalIgnoreCase); // either of two boxes is a list
    }

    /// <summary>Whether the words before "the answer is" keep it from being said: if, not, wrong, someone thought.</summary>
    public static bool IsDistant(ReadOnlySpan<char> before)
    {
        int start = before.LastIndexOfAny(SentenceEnds);
        if (start >= 0) before = before[(start + 1)..];
        foreach (string clause in (ReadOnlySpan<string>)[", ", " so ", " but ", " hence ", " thus ", " therefore "])
            if (before.LastIndexOf(clause) is >= 0 and int at) before = before[(at + clause.Length - 1)..];
        if (before.Length > 200) before = before[^200..];
        int from = 0;
        while (before[from..].IndexOfAny(AnyDistance) is >= 0 and int found)
        {
            from += found;
            if (from == 0 || !char.IsAsciiLetter(before[from - 1]) || before[from] is 'n' && before[from..].StartsWith("n't")) return true;
            from++;
        }
        return IsDoubtful(before);
    }

    /// <summary>Whether the words around an answer say that it is none: "not 5", "5 is wrong".</summary>
    public static bool IsRefused(ReadOnlySpan<char> before, ReadOnlySpan<char> after)
    {
        if (before.Length > 40) before = before[^40..];
        before = before.TrimEnd(" $*\\([");
        foreach (string word in (ReadOnlySpan<string>)[" not", " never", "n't", "cannot be", "can't be", " nor", "not equal to", "n't be", "never be", "not be"])
            if (before.EndsWith(word, StringComparison.OrdinalIgnoreCase)) return true;
        if (before.Equals("not", StringComparison.OrdinalIgnoreCase)) return true;
        after = after.TrimStart(" $*\\)]");
        foreach (string word in (ReadOnlySpan<string>)["is wrong", "is incorrect", "is not correct", "is not right", "is not the", "is not a", "is not valid", "isn't", "cannot be", "can't be", "is impossible", "is extraneous", "is rejected", "does not satisfy", "doesn't satisfy", "does not work", "doesn't work", "fails", "was wrong", "is invalid", "would be wrong"])
            if (after.StartsWith(word, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
