namespace Distill.Training;

/// <summary>How a divergence from the teacher's distribution counts beside the cross-entropy: (1 − weight)·CE + weight·T²·D.</summary>
/// <param name="Objective">The divergence D.</param>
/// <param name="Weight">Its weight, above 0 up to 1.</param>
/// <param name="Temperature">
/// T, by which the logarithms of both distributions are divided before they are compared, all other tokens together being one outcome. The factor T²
/// keeps the size of the gradient (Hinton and others, arXiv:1503.02531, section 2).
/// </param>
/// <param name="Mix">β of the Jensen-Shannon divergence, α of the skewed ones.</param>
/// <param name="MissingMass">What becomes of the probability that the teacher's likeliest tokens leave over.</param>
public sealed record DistillationLoss(TrainingObjective Objective, double Weight, double Temperature, double Mix, MissingMass MissingMass)
{
    private const double DefaultBeta = 0.5, DefaultSkew = 0.1;

    /// <summary>The loss that options ask for, or null for plain cross-entropy.</summary>
    public static DistillationLoss? Of(TrainOptions options) => options.Objective == TrainingObjective.CrossEntropy ? null
        : new(options.Objective, options.DistillWeight, options.DistillTemperature,
            options.DistillMix ?? (options.Objective == TrainingObjective.Jsd ? DefaultBeta : DefaultSkew), options.MissingMass);
}
