using Distill.Inference;
using Distill.Inference.Fleet;
using Distill.Prompts;
using Distill.Runs;
using Distill.Verification;

namespace Distill.Teacher;

/// <summary>
/// <c>teacher-gen</c>: n rollouts of each prompt, judged and stored as traces. Every finished rollout goes to a ledger at
/// once, so a run that is killed at any moment goes on without losing or repeating one; the same run gives the same
/// Parquet bytes whether it was interrupted or not.
/// </summary>
public sealed class TraceGeneration
{
    /// <summary>Folder of the traces inside the stage folder.</summary>
    public const string TracesFolder = "traces";

    // With R1's 6,000 tokens each about 100 MB of text, the most that is in memory at once.
    private const int DefaultRowsPerPart = 2000;

    private readonly Func<TeacherGenOptions, IReadOnlyList<Prompt>, ICompletionSource> _open;
    private readonly TimeProvider _time;
    private readonly int _rowsPerPart;

    /// <summary>Generates with any teacher.</summary>
    /// <param name="open">Opens the teacher for the options and prompts.</param>
    /// <param name="time">Clock of the figures.</param>
    /// <param name="rowsPerPart">Rows of each Parquet file but the last.</param>
    internal TraceGeneration(Func<TeacherGenOptions, IReadOnlyList<Prompt>, ICompletionSource> open, TimeProvider time, int rowsPerPart) =>
        (_open, _time, _rowsPerPart) = (open, time, rowsPerPart);

    /// <summary>How the ledger is kept.</summary>
    internal JournalOptions Journal { get; init; } = new() { OnFlush = time => RolloutMeter.Flush.Record(time.TotalSeconds) };

    /// <summary>Runs the stage, or goes on with it where <see cref="TeacherGenOptions.Out"/> holds unfinished work.</summary>
    /// <exception cref="InputException">
    /// Options or prompts cannot be used, the folder belongs to a run with other settings, or the teacher failed; what came
    /// before is stored.
    /// </exception>
    public static Task<TeacherGenResult> RunAsync(TeacherGenOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation) =>
        new TraceGeneration(Teachers.Open, TimeProvider.System, DefaultRowsPerPart).GenerateAsync(options, progress, cancellation);

    internal async Task<TeacherGenResult> GenerateAsync(TeacherGenOptions options, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        OptionChecks.Check(options);
        RunShard shard = RunShard.Parse(options.Shard);
        IVerifier verifier = Verifiers.Create(options.Verify);
        PromptSet prompts = PromptSet.Read(options);
        await using ICompletionSource teacher = _open(options, prompts.Prompts);
        var plan = new RolloutPlan(prompts.Prompts, teacher.Identity, options);
        int rowsPerPart = shard.RowsPerPart(plan.Count, _rowsPerPart);
        RunSettings settings = RunSettings.Of(plan, options, verifier, teacher.BatchSize, shard, rowsPerPart);
        using var cache = new CompletionCache();
        if (options.Fork) LedgerFork.SetAside(options.Out, settings);
        using RolloutLedger ledger = RolloutLedger.Open(options.Out, settings, plan.Count, Journal);
        if (teacher.BatchSize is null) // what was computed in a group depends on the group: it fits no other run
        {
            LedgerFork.AddTo(cache, options.Out);
            if (options.Cache is not null) cache.AddFolder(options.Cache, options.Out);
        }
        var parts = new TraceParts(options.Out, plan, ledger, shard, rowsPerPart);
        parts.WriteMissing();

        using var report = new GenerationProgress(progress, _time, parts.Rollouts, options, ledger, teacher as EndpointFleet);
        report.Report();
        await new GenerationRun(options, teacher, verifier, plan, ledger, parts, report, cache).CompleteMissingAsync(cancellation);
        int states = ledger.Tally.EndStates.Values.Sum();
        if (ledger.Tally.Rollouts != parts.Rollouts || states != parts.Rollouts)
            throw new InvalidOperationException($"{teacher.Identity} left {parts.Rollouts - ledger.Tally.Rollouts} of {parts.Rollouts} rollouts without a word ({states} have an end state)");
        report.Report();
        return TeacherGenResult.Of(teacher.Identity, options, prompts, ledger);
    }
}
