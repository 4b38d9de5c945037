using Distill.Chat;
using Distill.Inference;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>Where every completion comes in, whoever made it: judged, stored once, counted.</summary>
/// <param name="plan">The run.</param>
/// <param name="verifier">Judges answers.</param>
/// <param name="ledger">Keeps rollouts.</param>
/// <param name="parts">The files made of them.</param>
/// <param name="report">Is told.</param>
/// <param name="sharesTime">Whether completions are computed together, so that none has a time of its own.</param>
internal sealed class RolloutIntake(RolloutPlan plan, IVerifier verifier, RolloutLedger ledger, TraceParts parts, GenerationProgress report, bool sharesTime)
{
    /// <summary>Stores a completion; false when its rollout is stored already, or is not this client's.</summary>
    public bool Store(PlannedRollout rollout, CompletedRequest completed)
    {
        if (!parts.Has(rollout.Index)) return false; // only in its group's company
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
            Seconds = sharesTime ? 0 : completed.Seconds, // a batch shares its time, and measured times would differ from run to run
            RunSeconds = report.RunSeconds,
        });
        if (isNew)
        {
            RolloutMeter.Stored(completion.EndState);
            parts.Stored(rollout.Index);
        }
        report.Stored(isNew ? completed.Completion.CompletionTokens : 0);
        return isNew;
    }

    // A fleet judges while it reads; a model in this process hands over what it made.
    private static Completion Judge(PlannedRollout rollout, CompletedRequest completed) => completed.Completion.EndState != EndState.Complete ? completed.Completion
        : completed.Completion with { EndState = CompletionQuality.Judge(rollout.Prompt.Messages, completed.Completion) };
}
