namespace Distill.Training;

/// <summary>How far training is.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="Tokens">Tokens seen, padding not counted.</param>
/// <param name="Seconds">Time spent in steps, over all attempts.</param>
/// <param name="Position">Where in the training set the next step starts.</param>
public sealed record TrainingState(int Step, long Tokens, double Seconds, DataPosition Position)
{
    /// <summary>Before the first step.</summary>
    public static TrainingState Start { get; } = new(0, 0, 0, new(0, 0));
}
