namespace Distill.Chat;

/// <summary>
/// What a teacher held likely at each token of a completion: its likeliest tokens with their log-probabilities before temperature and
/// any other change to the distribution. A student learns from them by a divergence instead of from one drawn token.
/// </summary>
/// <param name="Vocabulary">Identity of the teacher's tokens, <see cref="ModelTokenizer.VocabularyIdentity"/>.</param>
/// <param name="Width">Likeliest tokens of each position.</param>
/// <param name="Tokens">The tokens of the completion, an end-of-sequence token included where the teacher tells it.</param>
/// <param name="TopTokens">The likeliest tokens at each of them, likeliest first, <c>[tokens · width]</c>; <see cref="Missing"/> where fewer are known.</param>
/// <param name="Values">Their log-probabilities in nats, <c>[tokens · width]</c>.</param>
public sealed record TopLogProbabilities(string Vocabulary, int Width, ReadOnlyMemory<int> Tokens, ReadOnlyMemory<int> TopTokens, ReadOnlyMemory<Half> Values)
{
    /// <summary>Stands where a position has fewer than <see cref="Width"/> tokens.</summary>
    public const int Missing = -1;

    /// <summary>Whether the lists belong together.</summary>
    public bool IsWhole => Width >= 1 && TopTokens.Length == (long)Tokens.Length * Width && Values.Length == TopTokens.Length;

    /// <inheritdoc/>
    public bool Equals(TopLogProbabilities? other) => other is not null && Vocabulary == other.Vocabulary && Width == other.Width
        && Tokens.Span.SequenceEqual(other.Tokens.Span) && TopTokens.Span.SequenceEqual(other.TopTokens.Span) && Values.Span.SequenceEqual(other.Values.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Vocabulary, Width, Tokens.Length);
}
