namespace Distill.Training;

/// <summary>How far training is.</summary>
/// <param name="Step">Updates done.</param>
/// <param name="Tokens">Tokens seen, padding not counted.</param>
/// <param name="Seconds">Time spent in steps, over all attempts.</param>
/// <param name="Position">Where in the training set the next step starts.</param>
public sealed record TrainingState(int Step, long Tokens, double Seconds, DataPosition Position)
{
    /// <summary>Lowest loss on the held-out samples so far, in nats per token; null before the first measurement.</summary>
    public double? LowestHeldOutLoss { get; init; }

    /// <summary>Step of the lowest held-out loss.</summary>
    public int BestStep { get; init; }

    /// <summary>Measurements since the lowest held-out loss.</summary>
    public int MeasurementsSinceBest { get; init; }

    /// <summary>The state after a measurement of the held-out loss.</summary>
    public TrainingState Measured(double loss) => LowestHeldOutLoss is { } lowest && loss >= lowest
        ? this with { MeasurementsSinceBest = MeasurementsSinceBest + 1 }
        : this with { LowestHeldOutLoss = loss, BestStep = Step, MeasurementsSinceBest = 0 };

    /// <summary>Before the first step.</summary>
    public static TrainingState Start { get; } = new(0, 0, 0, new(0, 0));
}
