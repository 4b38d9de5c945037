namespace Distill.Serving;

/// <summary>A speed at which somebody served R1 and said so in public. Nobody measured it on another's machines.</summary>
/// <param name="Who">Who measured.</param>
/// <param name="Where">On what, in their words.</param>
/// <param name="Gpu">The accelerator.</param>
/// <param name="Gpus">Accelerators of one replica, or null where nobody says.</param>
/// <param name="Parallelism">How the model was divided.</param>
/// <param name="Low">Least tokens a second on one accelerator.</param>
/// <param name="High">Most tokens a second on one accelerator, under another load.</param>
/// <param name="CountsPrompts">Whether tokens of prompts are counted too: such a figure tells nothing of the time that completions take.</param>
/// <param name="Source">Where it is published.</param>
public sealed partial record PublishedRate(
    string Who, string Where, string Gpu, int? Gpus, Parallelism Parallelism, double Low, double High, bool CountsPrompts, string Source)
{
    /// <summary>What was published for this very topology and division.</summary>
    public static IReadOnlyList<PublishedRate> For(Topology topology, Parallelism parallelism) =>
        [.. All.Where(rate => rate.Gpu == topology.Gpu.Name && rate.Gpus == topology.Gpus && rate.Parallelism == parallelism)];

    /// <summary>The nearest that was published: same division, on other machines.</summary>
    public static IReadOnlyList<PublishedRate> Near(Parallelism parallelism) =>
        [.. All.Where(rate => (rate.Parallelism == Parallelism.DpEp) == (parallelism == Parallelism.DpEp) && !rate.CountsPrompts)];
}
