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

    /// <summary>Highest pass@1 on the suite so far, from 0 to 1; null before the first measurement, and where there is no suite.</summary>
    public double? HighestPassAt1 { get; init; }

    /// <summary>Step of the best measurement.</summary>
    public int BestStep { get; init; }

    /// <summary>Measurements since the best one.</summary>
    public int MeasurementsSinceBest { get; init; }

    /// <summary>The last update, while what is to be measured after it is not; null when it is.</summary>
    public StepMetrics? Unmeasured { get; init; }

    /// <summary>The state after a measurement of the held-out loss, if there was one.</summary>
    public TrainingState MeasuredLoss(double? loss) => loss is not { } measured ? this
        : LowestHeldOutLoss is { } lowest && measured >= lowest ? this with { MeasurementsSinceBest = MeasurementsSinceBest + 1 }
        : this with { LowestHeldOutLoss = measured, BestStep = Step, MeasurementsSinceBest = 0 };

    /// <summary>The state after a measurement on the suite, if there was one.</summary>
    public TrainingState MeasuredPassRate(double? rate) => rate is not { } measured ? this
        : HighestPassAt1 is { } highest && measured <= highest ? this with { MeasurementsSinceBest = MeasurementsSinceBest + 1 }
        : this with { HighestPassAt1 = measured, BestStep = Step, MeasurementsSinceBest = 0 };

    /// <summary>Before the first step.</summary>
    public static TrainingState Start { get; } = new(0, 0, 0, new(0, 0));
}
