namespace Distill.Chat;

/// <summary>
/// Finds the matches of one split pattern. The patterns of the known model families have a hand-written matcher:
/// .NET regular expressions see UTF-16 units and fold case differently, the originals see code points.
/// </summary>
internal abstract class SplitMatcher
{
    /// <summary>Appends every non-empty match in <paramref name="text"/>, in order, shifted by <paramref name="offset"/>.</summary>
    public abstract void AddMatches(ReadOnlySpan<char> text, int offset, List<TextPiece> matches);

    /// <summary>The matcher of a pattern.</summary>
    /// <exception cref="Distill.Runs.InputException">The pattern is not one that can be run.</exception>
    public static SplitMatcher For(string pattern) => pattern switch
    {
        SplitPatterns.Qwen2 => new KnownSplitMatcher((text, start) => KnownSplitMatcher.Words(text, start, digits: 1)),
        SplitPatterns.Llama3 => new KnownSplitMatcher((text, start) => KnownSplitMatcher.Words(text, start, digits: 3)),
        SplitPatterns.Gpt2 => new KnownSplitMatcher(KnownSplitMatcher.Gpt2Words),
        SplitPatterns.DeepSeekV3Digits => new KnownSplitMatcher((text, start) => KnownSplitMatcher.Digits(text, start, 3), KnownSplitMatcher.FindNumber),
        SplitPatterns.DeepSeekV3Ideographs => new KnownSplitMatcher(KnownSplitMatcher.Ideographs, KnownSplitMatcher.FindIdeograph),
        SplitPatterns.DeepSeekV3Words => new KnownSplitMatcher(KnownSplitMatcher.DeepSeekWords),
        _ => new RegexSplitMatcher(pattern),
    };
}

/// <summary>A stretch of text: [<paramref name="Start"/>, <paramref name="End"/>) in UTF-16 units.</summary>
internal readonly record struct TextPiece(int Start, int End);
