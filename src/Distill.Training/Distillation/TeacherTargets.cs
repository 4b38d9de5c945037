namespace Distill.Training;

/// <summary>What the teacher held likely at each token of a sample's completion.</summary>
/// <param name="Width">Likeliest tokens of each position.</param>
/// <param name="Tokens">The tokens, likeliest first, <c>[completion · width]</c>; negative where fewer are known.</param>
/// <param name="LogProbabilities">Their log-probabilities in nats.</param>
public sealed record TeacherTargets(int Width, ReadOnlyMemory<int> Tokens, ReadOnlyMemory<Half> LogProbabilities)
{
    /// <summary>Positions.</summary>
    public int Length => Tokens.Length / Width;
}
