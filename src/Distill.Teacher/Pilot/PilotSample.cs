using Distill.Runs;

namespace Distill.Teacher.Pilot;

/// <summary>
/// The rollouts of a pilot: those of prompts drawn at random. They are rollouts of the run like any other, so what a pilot paid for
/// the run takes over. A larger pilot of the same seed holds the smaller one.
/// </summary>
/// <remarks>
/// A teacher that computes rollouts in groups can only be asked for whole groups; then stretches of the plan are drawn, at least three.
/// </remarks>
internal sealed class PilotSample
{
    // Fewer tell next to nothing about the pace.
    private const int FewestGroups = 3;

    private readonly HashSet<int> _drawn;
    private readonly int _stretch;

    private PilotSample(HashSet<int> drawn, int stretch, int[] rollouts) => (_drawn, _stretch, Rollouts) = (drawn, stretch, rollouts);

    /// <summary>Places of its rollouts in the plan, in order.</summary>
    public IReadOnlyList<int> Rollouts { get; }

    /// <summary>Whether a rollout belongs to it.</summary>
    public bool Has(int index) => _drawn.Contains(index / _stretch);

    /// <summary>Draws the sample.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="parts">Which rollouts are this client's.</param>
    /// <param name="group">Rollouts that the teacher computes together, or null.</param>
    /// <param name="prompts">Prompts to draw.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <exception cref="InputException">This client's share holds no whole prompt.</exception>
    public static PilotSample Draw(RolloutPlan plan, TraceParts parts, int? group, int prompts, long seed)
    {
        int stretch = group ?? plan.SamplesPerPrompt;
        int[] order = [.. Enumerable.Range(0, (plan.Count + stretch - 1) / stretch)];
        new RandomStream(RandomStream.DeriveSeed(seed, "pilot")).Shuffle<int>(order);
        var drawn = new HashSet<int>();
        int rollouts = 0;
        foreach (int number in order)
        {
            if (rollouts >= (long)prompts * plan.SamplesPerPrompt && (group is null || drawn.Count >= FewestGroups)) break;
            int start = number * stretch, end = Math.Min(start + stretch, plan.Count);
            bool whole = true;
            for (int index = start; index < end; index++) whole &= parts.Has(index);
            if (!whole) continue;
            drawn.Add(number);
            rollouts += end - start;
        }
        if (drawn.Count == 0) throw new InputException("--pilot: this share of the run holds no whole prompt", "run the pilot without --shard, in a folder of its own");
        return new PilotSample(drawn, stretch, [.. drawn.Order().SelectMany(number => Enumerable.Range(number * stretch, Math.Min(stretch, plan.Count - (number * stretch))))]);
    }
}
