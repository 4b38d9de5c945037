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

    private static readonly string[] Doubts = ["might be", "may be", "could be", "maybe", "perhaps", "not sure", "either", "possibly", "i guess", "probably not", "unsure", "don't know", "do not know", "cannot determine"];

    /// <summary>Where a retraction ends in the text behind an answer, or -1 when there is none.</summary>
    public static int After(string text, int end)
    {
        ReadOnlySpan<char> rest = text.AsSpan(end);
        if (rest.Length > Window) rest = rest[^Window..];
        int last = -1;
        foreach (string cue in Cues)
        {
            int found = rest.LastIndexOf(cue, StringComparison.OrdinalIgnoreCase);
            if (found >= 0 && !Denied(rest[..found])) last = Math.Max(last, found + cue.Length);
        }
        return last < 0 ? -1 : text.Length - rest.Length + last;
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
        foreach (string doubt in Doubts)
        {
            int found = sentence.IndexOf(doubt, StringComparison.OrdinalIgnoreCase);
            if (found >= 0 && (found == 0 || !char.IsAsciiLetter(sentence[found - 1]))) return true;
        }
        return false;
    }
}
