namespace Distill.Training;

/// <summary>Linear warm-up, then a cosine down to a share of the peak. Source: SGDR, arXiv:1608.03983, without restarts.</summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="WarmupSteps">Updates until the peak.</param>
/// <param name="TotalSteps">Updates in all.</param>
/// <param name="FinalRatio">Where the cosine ends, as a share of the peak.</param>
public sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps, double FinalRatio)
{
    /// <summary>Learning rate of an update.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    public double At(int step)
    {
        if (step <= WarmupSteps) return Peak * step / WarmupSteps;
        double progress = Math.Clamp((step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps), 0, 1);
        return Peak * (FinalRatio + ((1 - FinalRatio) * 0.5 * (1 + Math.Cos(Math.PI * progress))));
    }
}
