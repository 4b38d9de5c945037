using System.Collections.Concurrent;
using Distill.Inference;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Teacher.Pilot;

namespace Distill.Teacher;

/// <summary>Asks the teacher for what is missing and hands what comes to the intake.</summary>
internal sealed class GenerationRun(
    TeacherGenOptions options, ICompletionSource teacher, RolloutPlan plan, RolloutLedger ledger, TraceParts parts, RolloutIntake intake, GenerationProgress report)
{
    // So many rollouts tell a share.
    private const int EnoughToTell = 200;

    private readonly ConcurrentDictionary<string, PlannedRollout> _asked = new(StringComparer.Ordinal);

    /// <summary>Takes over what other runs have completed.</summary>
    public void TakeOver(CompletionCache cache)
    {
        if (cache.Count == 0) return;
        foreach (PlannedRollout rollout in Missing(null))
            if (cache.Find(plan.KeyOf(rollout), rollout.ToRequest()) is { } completed) intake.Store(rollout, completed);
    }

    /// <summary>Completes every rollout that is not stored.</summary>
    /// <param name="pilot">Only those of a pilot, or null for all.</param>
    /// <param name="cancellation">Ends it; what came before is stored.</param>
    /// <exception cref="InputException">The teacher failed, or too much of what it says is cut off; what came before is stored.</exception>
    public async Task CompleteMissingAsync(PilotSample? pilot, CancellationToken cancellation)
    {
        if (ledger.Tally.Rollouts == parts.Rollouts) return;
        if (teacher is EndpointFleet fleet)
        {
            RolloutTally tally = ledger.Tally;
            fleet.CountSpent(tally.PaidPromptTokens + tally.WastedPromptTokens, tally.PaidCompletionTokens + tally.WastedCompletionTokens);
            fleet.OnWaste = waste => ledger.AddWaste(waste.PromptTokens, waste.CompletionTokens);
        }
        ModelTokens? tokens = ModelTokens.Of(options);
        IEnumerable<CompletionRequest> requests = Missing(pilot).Select(rollout =>
        {
            _asked[rollout.Id] = rollout;
            return rollout.ToRequest(tokens is null ? null : tokens.Count);
        });
        await foreach (CompletedRequest completed in teacher.CompleteAsync(requests, cancellation))
        {
            if (!_asked.TryRemove(completed.Request.Id, out PlannedRollout? rollout)) continue;
            intake.Store(rollout, completed);
            if (pilot is null) StopIfMostIsCut(); // a pilot is there to tell such a share
        }
        report.Report();
    }

    // Where rollouts are computed in groups, the groups are those of the full plan: one that is not complete is computed
    // again as a whole, because its rounding depends on which sequences stand in it.
    private IEnumerable<PlannedRollout> Missing(PilotSample? pilot)
    {
        int group = teacher.BatchSize ?? 1;
        for (int start = 0; start < plan.Count; start += group)
        {
            int end = Math.Min(start + group, plan.Count);
            if (pilot is not null && !pilot.Has(start)) continue;
            bool complete = true;
            for (int index = start; index < end; index++) complete &= !parts.Has(index) || ledger.Has(index);
            if (complete) continue;
            for (int index = start; index < end; index++) yield return plan[index];
        }
    }

    private void StopIfMostIsCut()
    {
        RolloutTally tally = ledger.Tally;
        if (tally.Rollouts < EnoughToTell || tally.Rollouts == parts.Rollouts || tally.Truncated <= options.MaxTruncated * tally.Rollouts) return;
        throw new InputException($"{tally.Truncated} of the first {tally.Rollouts} rollouts were cut off by --max-tokens {options.MaxTokens}",
            "they teach no student to finish: raise --max-tokens, take shorter prompts, or allow it with --max-truncated 1");
    }
}
