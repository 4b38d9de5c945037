namespace Distill.Chat;

/// <summary>Lists that one call after another fills; not for two calls at a time.</summary>
internal sealed class PieceLists
{
    /// <summary>The pieces so far.</summary>
    public List<TextPiece> Pieces { get; set; } = [];

    /// <summary>The pieces after the step at work.</summary>
    public List<TextPiece> Next { get; set; } = [];

    /// <summary>What a pattern matched in one piece.</summary>
    public List<TextPiece> Matches { get; } = [];
}

/// <summary>Cuts text into the pieces inside which byte pairs are merged. Safe for use from several threads.</summary>
internal sealed class PreTokenizer
{
    private readonly (SplitMatcher Matcher, SplitPattern Pattern)[] _steps;

    /// <exception cref="Distill.Runs.InputException">A pattern cannot be run.</exception>
    public PreTokenizer(IReadOnlyList<SplitPattern> patterns) =>
        _steps = [.. patterns.Select(pattern => (SplitMatcher.For(pattern.Regex), pattern))];

    /// <summary>
    /// The pieces of <paramref name="text"/>, in order, valid until the lists are used again. Each later pattern sees one piece of the
    /// earlier ones at a time.
    /// </summary>
    public List<TextPiece> Split(ReadOnlySpan<char> text, PieceLists lists)
    {
        lists.Pieces.Clear();
        if (text.Length > 0) lists.Pieces.Add(new TextPiece(0, text.Length));
        foreach ((SplitMatcher matcher, SplitPattern pattern) in _steps)
        {
            lists.Next.Clear();
            foreach (TextPiece piece in lists.Pieces)
            {
                lists.Matches.Clear();
                matcher.AddMatches(text[piece.Start..piece.End], piece.Start, lists.Matches);
                Apply(pattern, piece, lists.Matches, lists.Next);
            }
            (lists.Pieces, lists.Next) = (lists.Next, lists.Pieces);
        }
        return lists.Pieces;
    }

    private static void Apply(SplitPattern pattern, TextPiece piece, List<TextPiece> matches, List<TextPiece> result)
    {
        if (pattern.Behavior == SplitBehavior.Isolated)
        {
            int position = piece.Start;
            foreach (TextPiece match in matches)
            {
                if (match.Start > position) result.Add(new TextPiece(position, match.Start));
                result.Add(match);
                position = match.End;
            }
            if (piece.End > position) result.Add(new TextPiece(position, piece.End));
            return;
        }
        ApplyMerging(pattern, Alternate(piece, matches, pattern.Invert), result);
    }

    private static List<(TextPiece Piece, bool IsMatch)> Alternate(TextPiece piece, List<TextPiece> matches, bool invert)
    {
        var stretches = new List<(TextPiece, bool)>();
        int position = piece.Start;
        foreach (TextPiece match in matches)
        {
            if (match.Start > position) stretches.Add((new TextPiece(position, match.Start), invert));
            stretches.Add((match, !invert));
            position = match.End;
        }
        if (piece.End > position) stretches.Add((new TextPiece(position, piece.End), invert));
        return stretches;
    }

    private static void ApplyMerging(SplitPattern pattern, List<(TextPiece Piece, bool IsMatch)> stretches, List<TextPiece> result)
    {
        int first = result.Count;
        for (int i = 0; i < stretches.Count; i++)
        {
            (TextPiece piece, bool isMatch) = stretches[i];
            bool joinsLast = result.Count > first && pattern.Behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !stretches[i - 1].IsMatch,
                SplitBehavior.MergedWithNext => !isMatch && stretches[i - 1].IsMatch,
                SplitBehavior.Contiguous => isMatch == stretches[i - 1].IsMatch,
                _ => false,
            };
            if (pattern.Behavior == SplitBehavior.Removed && isMatch) continue;
            if (joinsLast) result[^1] = new TextPiece(result[^1].Start, piece.End);
            else result.Add(piece);
        }
    }
}
