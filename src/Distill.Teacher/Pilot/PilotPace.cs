using Distill.Runs;

namespace Distill.Teacher.Pilot;

/// <summary>How fast a teacher was in a pilot, and will be in the whole run.</summary>
/// <param name="StreamTokensPerSecond">Tokens a second of one request, waiting included; null where rollouts are computed together.</param>
/// <param name="UnderWay">Most requests that were under way at the same time in the pilot.</param>
/// <param name="UnderWayLater">Requests that will be under way in the whole run.</param>
/// <param name="TokensPerSecond">
/// Tokens a second of the whole run. From the pilot's own number of requests (low end) to all that will be under way, should they be
/// as fast as in the pilot (high end): servers slow down as they fill.
/// </param>
internal sealed record PilotPace(Estimate? StreamTokensPerSecond, int UnderWay, int UnderWayLater, Estimate TokensPerSecond)
{
    /// <summary>Measures the pace; null where no time was measured.</summary>
    /// <param name="prompts">The pilot's rollouts by prompt.</param>
    /// <param name="group">Rollouts computed together, or null.</param>
    /// <param name="places">Requests that the servers take at the same time; null where nobody says.</param>
    /// <param name="left">Rollouts still to come.</param>
    /// <param name="seed">Seed of the intervals.</param>
    public static PilotPace? Of(RolloutRecord[][] prompts, int? group, int? places, int left, long seed)
    {
        RolloutRecord[] own = [.. prompts.SelectMany(prompt => prompt).Where(IsOwn)];
        return group is { } size ? OfGroups(own, size, seed) : OfStreams(prompts, own, places, left, seed);
    }

    private static PilotPace? OfStreams(RolloutRecord[][] prompts, RolloutRecord[] own, int? places, int left, long seed)
    {
        (double, double)[] units = [.. prompts.Select(prompt => (prompt.Where(IsOwn).Sum(rollout => (double)rollout.Completion.CompletionTokens), prompt.Where(IsOwn).Sum(rollout => rollout.Seconds)))];
        if (Estimate.Ratio(units, seed) is not { Value: > 0 } stream) return null;
        int before = MostAtOnce(own), later = Math.Max(1, Math.Min(places ?? before, left == 0 ? int.MaxValue : left));
        return new(stream, before, later, new Estimate(stream.Value * later, stream.Low * Math.Min(before, later), stream.High * later));
    }

    // A group's time is that since the one before it.
    private static PilotPace? OfGroups(RolloutRecord[] own, int size, long seed)
    {
        var groups = own.GroupBy(rollout => rollout.Index / size)
            .Select(group => (Tokens: group.Sum(rollout => (double)rollout.Completion.CompletionTokens), Ended: group.Max(rollout => rollout.RunSeconds)))
            .OrderBy(group => group.Ended).ToArray();
        (double, double)[] units = [.. groups.Select((group, i) => (group.Tokens, group.Ended - (i == 0 ? 0 : groups[i - 1].Ended)))];
        return Estimate.Ratio(units, seed) is { Value: > 0 } pace ? new(null, size, size, pace) : null;
    }

    private static int MostAtOnce(RolloutRecord[] rollouts)
    {
        int now = 0, most = 0;
        // Of a moment in which one ends and the next begins, the end comes first.
        foreach ((_, int change) in rollouts.SelectMany(rollout => new[] { (At: rollout.RunSeconds - rollout.Seconds, Change: 1), (At: rollout.RunSeconds, Change: -1) })
            .OrderBy(moment => Math.Round(moment.At, 3)).ThenBy(moment => moment.Change))
        {
            now += change;
            most = Math.Max(most, now);
        }
        return most;
    }

    private static bool IsOwn(RolloutRecord rollout) => rollout.Completion.Origin.Attempts > 0;
}
