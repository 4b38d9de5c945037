using System.Collections.Concurrent;
using System.Text.Json;
using Distill.Chat;
using Distill.Inference;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>
/// <c>teacher-gen</c>: n rollouts of each prompt, judged and stored as traces. Every finished rollout goes to a journal at
/// once, so a run that is killed at any moment goes on without losing or repeating one; the same run gives the same
/// Parquet bytes whether it was interrupted or not.
/// </summary>
public sealed class TraceGeneration
{
    /// <summary>Folder of the traces inside the stage folder.</summary>
    public const string TracesFolder = "traces";

    // With R1's 6,000 tokens each about 100 MB of text, the most that is in memory at once.
    private const int DefaultRowsPerPart = 2000;

    // Shares of truncated rollouts from which the token limit deserves a word.
    private const double ManyTruncated = 0.05;

    private readonly Func<TeacherGenOptions, IReadOnlyList<Prompt>, ICompletionSource> _open;
    private readonly TimeProvider _time;
    private readonly int _rowsPerPart;

    /// <summary>Generates with any teacher.</summary>
    /// <param name="open">Opens the teacher for the options and prompts.</param>
    /// <param name="time">Clock of the figures.</param>
    /// <param name="rowsPerPart">Rows of each Parquet file but the last.</param>
    internal TraceGeneration(Func<TeacherGenOptions, IReadOnlyList<Prompt>, ICompletionSource> open, TimeProvider time, int rowsPerPart) =>
        (_open, _time, _rowsPerPart) = (open, time, rowsPerPart);

    /// <summary>Runs the stage, or goes on with it where <see cref="TeacherGenOptions.Out"/> holds unfinished work.</summary>
    /// <exception cref="InputException">
    /// Options or prompts cannot be used, the folder belongs to a run with other settings, or the teacher failed; what came
    /// before is stored.
    /// </exception>
    public static Task<TeacherGenResult> RunAsync(TeacherGenOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation) =>
        new TraceGeneration(Teachers.Open, TimeProvider.System, DefaultRowsPerPart).GenerateAsync(options, progress, cancellation);

    internal async Task<TeacherGenResult> GenerateAsync(TeacherGenOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        Check(options);
        IVerifier verifier = Verifiers.Create(options.Verify);
        List<Prompt> prompts = ReadPrompts(options, out int duplicates);
        await using ICompletionSource teacher = _open(options, prompts);
        var plan = new RolloutPlan(prompts, teacher.Identity, options);
        using RolloutLedger ledger = RolloutLedger.Open(options.Out, RunSettings.Of(plan, options, verifier, teacher.BatchSize, _rowsPerPart), plan.Count);
        var parts = new TraceParts(options.Out, plan, ledger, _rowsPerPart);
        parts.WriteMissing();

        var report = new GenerationProgress(progress, _time, plan.Count, ledger);
        report.Report();
        if (ledger.Tally.Rollouts < plan.Count) await CompleteMissingAsync(teacher, verifier, plan, ledger, parts, report, cancellation);
        if (ledger.Tally.Rollouts < plan.Count)
            throw new InvalidOperationException($"{teacher.Identity} left {plan.Count - ledger.Tally.Rollouts} of {plan.Count} rollouts without a word");
        report.Report();
        return Summarize(teacher, plan, duplicates, ledger);
    }

    private static async Task CompleteMissingAsync(
        ICompletionSource teacher, IVerifier verifier, RolloutPlan plan, RolloutLedger ledger, TraceParts parts, GenerationProgress report, CancellationToken cancellation)
    {
        var asked = new ConcurrentDictionary<string, PlannedRollout>(StringComparer.Ordinal);
        IEnumerable<CompletionRequest> requests = Missing(plan, ledger, teacher.BatchSize).Select(rollout =>
        {
            asked[rollout.Id] = rollout;
            return rollout.ToRequest();
        });
        await foreach (CompletedRequest completed in teacher.CompleteAsync(requests, cancellation))
        {
            if (!asked.TryRemove(completed.Request.Id, out PlannedRollout? rollout)) continue;
            bool isNew = ledger.Add(new RolloutRecord
            {
                Index = rollout.Index,
                Id = rollout.Id,
                Completion = Judge(rollout, completed),
                Verdict = completed.Failure is { } failure
                    ? new Verdict(Outcome.Unverifiable, failure, null, verifier.Id)
                    : verifier.Verify(rollout.Prompt, completed.Completion),
                Seconds = teacher.BatchSize is null ? completed.Seconds : 0, // a batch shares its time, and measured times would differ from run to run
                RunSeconds = report.RunSeconds,
            });
            if (isNew) parts.Stored(rollout.Index);
            report.Stored(isNew ? completed.Completion.CompletionTokens : 0);
        }
    }

    // A fleet judges while it reads; a model in this process hands over what it made.
    private static Completion Judge(PlannedRollout rollout, CompletedRequest completed) => completed.Completion.EndState != EndState.Complete ? completed.Completion
        : completed.Completion with { EndState = CompletionQuality.Judge(rollout.Prompt.Messages, completed.Completion) };

    // Where rollouts are computed in groups, the groups are those of the full plan: one that is not complete is computed
    // again as a whole, because its rounding depends on which sequences stand in it.
    private static IEnumerable<PlannedRollout> Missing(RolloutPlan plan, RolloutLedger ledger, int? batchSize)
    {
        int group = batchSize ?? 1;
        for (int start = 0; start < plan.Count; start += group)
        {
            int end = Math.Min(start + group, plan.Count);
            bool complete = true;
            for (int index = start; index < end; index++) complete &= ledger.Has(index);
            if (complete) continue;
            for (int index = start; index < end; index++) yield return plan[index];
        }
    }

    private static List<Prompt> ReadPrompts(TeacherGenOptions options, out int duplicates)
    {
        IEnumerable<Prompt> rows = PromptReader.Read(options.Prompts);
        if (options.Limit is { } limit) rows = rows.Take(limit);
        List<Prompt> prompts = RolloutPlan.Distinct(rows, out duplicates);
        if (prompts.Count == 0) throw new InputException($"{options.Prompts}: holds no prompts", "each row needs a `prompt` (or `messages`) and an `answer`");
        if ((long)prompts.Count * options.Samples > int.MaxValue)
            throw new InputException($"{prompts.Count} prompts with {options.Samples} rollouts each are more than one run can hold", "split the prompts over several runs");
        return prompts;
    }

    private static void Check(TeacherGenOptions options)
    {
        Require(options.Samples >= 1, "samples", options.Samples, "1 or more");
        Require(options.Temperature is >= 0 and <= 10, "temperature", options.Temperature, "0 to 10");
        Require(options.TopP is > 0 and <= 1, "top-p", options.TopP, "above 0, at most 1");
        Require(options.TopK >= 0, "top-k", options.TopK, "0 or more");
        Require(options.MaxTokens >= 1, "max-tokens", options.MaxTokens, "1 or more");
        Require(options.Limit is null or >= 1, "limit", options.Limit ?? 0, "1 or more");
        Require(options.BatchSize >= 1, "batch-size", options.BatchSize, "1 or more");
        Require(options.Concurrency is null or (>= 1 and <= 100_000), "concurrency", options.Concurrency ?? 0, "1 to 100000");
        Require(options.RequestsPerMinute is null or >= 1, "requests-per-minute", options.RequestsPerMinute ?? 0, "1 or more");
        Require(options.TokensPerMinute is null or >= 1, "tokens-per-minute", options.TokensPerMinute ?? 0, "1 or more");
        Require(options.MaxTokensTotal is null or >= 1, "max-tokens-total", options.MaxTokensTotal ?? 0, "1 or more");
        Require(options.MaxCost is null or > 0, "max-cost", options.MaxCost ?? 0, "more than 0");
        Require(options.PromptPrice >= 0, "prompt-price", options.PromptPrice, "0 or more");
        Require(options.CompletionPrice >= 0, "completion-price", options.CompletionPrice, "0 or more");
        Require(options.OutageMinutes is >= 0 and <= 1e6, "outage-minutes", options.OutageMinutes, "0 to 1000000");
        if (options.MaxCost is not null && options.PromptPrice == 0 && options.CompletionPrice == 0)
            throw new InputException("--max-cost needs prices", "add --prompt-price and --completion-price, in dollars for a million tokens");
        bool oneAnswerOnly = options.Temperature == 0 || (options.Teacher == Teachers.Worked && options.Endpoint.Count == 0);
        if (oneAnswerOnly && options.Samples > 1)
        {
            throw new InputException($"--samples {options.Samples} would store the same completion {options.Samples} times",
                options.Temperature == 0 ? "raise --temperature above 0, or take one sample" : "the teacher `worked` has one solution for each prompt: take one sample");
        }
    }

    private static void Require(bool holds, string option, double value, string allowed)
    {
        if (!holds) throw new InputException($"--{option} {value} is out of range", $"give {allowed}");
    }

    private static TeacherGenResult Summarize(ICompletionSource teacher, RolloutPlan plan, int duplicates, RolloutLedger ledger)
    {
        RolloutTally tally = ledger.Tally;
        var notes = new List<string>(ledger.Notes);
        if (duplicates > 0) notes.Add($"{duplicates} prompts repeat an earlier one and were left out");
        if (tally.Truncated > ManyTruncated * tally.Rollouts) notes.Add($"{(double)tally.Truncated / tally.Rollouts:P1} of the rollouts were cut off by --max-tokens");
        if (tally.Failed > 0) notes.Add($"{tally.Failed} rollouts failed in the engine and are stored as such");
        return new TeacherGenResult
        {
            Teacher = teacher.Identity,
            Prompts = plan.Prompts.Count,
            DuplicatePrompts = duplicates,
            Rollouts = tally.Rollouts,
            Correct = tally.Correct,
            Incorrect = tally.Incorrect,
            Unverifiable = tally.Unverifiable,
            Truncated = tally.Truncated,
            Failed = tally.Failed,
            EndStates = tally.EndStates.ToDictionary(state => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.Key.ToString()), state => state.Value),
            PromptTokens = tally.PromptTokens,
            CompletionTokens = tally.CompletionTokens,
            Seconds = Math.Round(tally.RunSeconds, 3),
            Notes = notes,
        };
    }
}
