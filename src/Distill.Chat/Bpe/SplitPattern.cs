namespace Distill.Chat;

/// <summary>What becomes of the stretches of text that a split pattern matches (names as in tokenizer.json).</summary>
public enum SplitBehavior
{
    /// <summary>They disappear.</summary>
    Removed,

    /// <summary>Each is a piece of its own, and so is each stretch between two of them.</summary>
    Isolated,

    /// <summary>Each joins the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each joins the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,
}

/// <summary>One step of cutting text into the pieces inside which byte pairs are merged.</summary>
/// <param name="Regex">Regular expression (Oniguruma dialect, as in tokenizer.json), matched over code points.</param>
/// <param name="Behavior">What becomes of the matches.</param>
/// <param name="Invert">Whether matches and the stretches between them change places.</param>
public sealed record SplitPattern(string Regex, SplitBehavior Behavior = SplitBehavior.Isolated, bool Invert = false);
