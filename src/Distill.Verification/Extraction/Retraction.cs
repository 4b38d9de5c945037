using System.Buffers;

namespace Distill.Verification.Extraction;

/// <summary>Signs that a completion takes its answer back after it was given, or does not stand by it.</summary>
internal static class Retraction
{
    private const int Window = 2000;

    private static readonly string[] Cues =
    [
        "that is wrong", "that's wrong", "this is wrong", "that was wrong", "that is incorrect", "that's incorrect", "this is incorrect", "that was incorrect", "is not correct", "is not right", "that's not right", "i made a mistake", "i made an error", "i was wrong",
        "disregard", "scratch that", "take that back", "i retract", "ignore the above", "ignore my", "ignore that", "cannot be determined after all", "i cannot determine", "i can't determine", "i am not able to", "forget that",
    ];

    private static readonly string[] Doubts = ["might be", "may be", "could be", "maybe", "perhaps", "not sure", "either", "possibly", "i guess", "probably not", "unsure", "don't know", "do not know", "cannot determine", "can't determine", "cannot tell", "can't tell", "cannot say", "can't say", "i cannot ", "i can't ", "unable to ", "give up", "no idea"];

    private static readonly SearchValues<string> AnyCue = SearchValues.Create(Cues, StringComparison.OrdinalIgnoreCase), AnyDoubt = SearchValues.Create(Doubts, StringComparison.OrdinalIgnoreCase);

    /// <summary>Where a retraction ends in the text behind an answer, or -1 when there is none.</summary>
    public static int After(string text, int end)
    {
        ReadOnlySpan<char> rest = text.AsSpan(end);
        if (rest.Length > Window) rest = rest[^Window..];
        int last = -1, at = 0;
        while (rest[at..].IndexOfAny(AnyCue) is >= 0 and int found)
        {
            at += found;
            if (!Denied(rest[..at])) last = at;
            at++;
        }
        if (last < 0) return -1;
        int sentence = rest[last..].IndexOfAny(". \n");
        return text.Length - rest.Length + last + Math.Max(0, sentence);
    }

    // "nothing that is wrong", "to check that this is not correct" take nothing back.
    private static bool Denied(ReadOnlySpan<char> before)
    {
        before = before.TrimEnd();
        return before.EndsWith("if", StringComparison.OrdinalIgnoreCase) || before.EndsWith("anything", StringComparison.OrdinalIgnoreCase) || before.EndsWith("nothing", StringComparison.OrdinalIgnoreCase);
    }

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
}
