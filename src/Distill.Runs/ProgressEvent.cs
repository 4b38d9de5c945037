namespace Distill.Runs;

/// <summary>
/// One reading of a long-running stage. Stages report these through <see cref="IProgress{T}"/>;
/// the command line derives rate and time left from them.
/// </summary>
/// <param name="Stage">Name of the stage or of its present part, e.g. <c>train distilled</c>.</param>
/// <param name="Completed">Units done so far, including those found done at a resume.</param>
/// <param name="Total">Units in all, or 0 when unknown.</param>
/// <param name="Unit">What is counted, plural: <c>rollouts</c>, <c>steps</c>, <c>tensors</c>.</param>
/// <param name="Detail">Short live figures, e.g. <c>loss 0.213  lr 1.9e-3  18.2k tokens/s</c>.</param>
public readonly record struct ProgressEvent(string Stage, long Completed, long Total, string Unit, string? Detail = null)
{
    /// <summary>A line that stays on the screen above the readings; such an event is no reading itself.</summary>
    public string? Line { get; init; }

    /// <summary>Further lines of a live screen, e.g. one for each server; left out where there is no terminal. Their stage tells the time left itself.</summary>
    public IReadOnlyList<string>? Further { get; init; }

    /// <summary>An event that only says something.</summary>
    public static ProgressEvent Say(string line) => new("", 0, 0, "") { Line = line };
}
