using System.Collections.Concurrent;
using Distill.Chat;
using Distill.Inference;
using Distill.Inference.Fleet;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>Asks the teacher for what is missing, judges what comes, and stores it.</summary>
internal sealed class GenerationRun(
    TeacherGenOptions options, ICompletionSource teacher, IVerifier verifier, RolloutPlan plan, RolloutLedger ledger, TraceParts parts, GenerationProgress report, CompletionCache cache)
{
    // So many rollouts tell a share.
    private const int EnoughToTell = 200;

    private readonly ConcurrentDictionary<string, PlannedRollout> _asked = new(StringComparer.Ordinal);

    /// <summary>Completes every rollout that is not stored.</summary>
    /// <exception cref="InputException">The teacher failed, or too much of what it says is cut off; what came before is stored.</exception>
    public async Task CompleteMissingAsync(CancellationToken cancellation)
    {
        if (ledger.Tally.Rollouts == parts.Rollouts) return;
        if (teacher is EndpointFleet fleet)
        {
            RolloutTally tally = ledger.Tally;
            fleet.CountSpent(tally.PaidPromptTokens + tally.WastedPromptTokens, tally.PaidCompletionTokens + tally.WastedCompletionTokens);
            fleet.OnWaste = waste => ledger.AddWaste(waste.PromptTokens, waste.CompletionTokens);
        }
        ModelTokens? tokens = options.Tokenizer is { } folder ? new ModelTokens(folder) : null;
        TakeOver();
        IEnumerable<CompletionRequest> requests = Missing().Select(rollout =>
        {
            _asked[rollout.Id] = rollout;
            return rollout.ToRequest(tokens is null ? null : tokens.Count);
        });
        await foreach (CompletedRequest completed in teacher.CompleteAsync(requests, cancellation))
        {
            if (!_asked.TryRemove(completed.Request.Id, out PlannedRollout? rollout)) continue;
            Store(rollout, completed);
            StopIfMostIsCut();
        }
        report.Report();
    }

    private void TakeOver()
    {
        if (cache.Count == 0) return;
        foreach (PlannedRollout rollout in Missing())
            if (cache.Find(plan.KeyOf(rollout), rollout.ToRequest()) is { } completed) Store(rollout, completed);
    }

    private void Store(PlannedRollout rollout, CompletedRequest completed)
    {
        if (!parts.Has(rollout.Index)) return; // only in its group's company
        Completion completion = Judge(rollout, completed);
        bool isNew = ledger.Add(new RolloutRecord
        {
            Index = rollout.Index,
            Key = plan.KeyOf(rollout),
            Id = rollout.Id,
            Completion = completion,
            Verdict = completed.Failure is { } failure
                ? new Verdict(Outcome.Unverifiable, failure, null, verifier.Id)
                : verifier.Verify(rollout.Prompt, completed.Completion),
            Seconds = teacher.BatchSize is null ? completed.Seconds : 0, // a batch shares its time, and measured times would differ from run to run
            RunSeconds = report.RunSeconds,
        });
        if (isNew)
        {
            RolloutMeter.Stored(completion.EndState);
            parts.Stored(rollout.Index);
        }
        report.Stored(isNew ? completed.Completion.CompletionTokens : 0);
    }

    // A fleet judges while it reads; a model in this process hands over what it made.
    private static Completion Judge(PlannedRollout rollout, CompletedRequest completed) => completed.Completion.EndState != EndState.Complete ? completed.Completion
        : completed.Completion with { EndState = CompletionQuality.Judge(rollout.Prompt.Messages, completed.Completion) };

    // Where rollouts are computed in groups, the groups are those of the full plan: one that is not complete is computed
    // again as a whole, because its rounding depends on which sequences stand in it.
    private IEnumerable<PlannedRollout> Missing()
    {
        int group = teacher.BatchSize ?? 1;
        for (int start = 0; start < plan.Count; start += group)
        {
            int end = Math.Min(start + group, plan.Count);
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
