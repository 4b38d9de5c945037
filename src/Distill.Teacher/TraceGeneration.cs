using Distill.Inference;
using Distill.Inference.Fleet;
using Distill.Prompts;
using Distill.Runs;
using Distill.Teacher.Batch;
using Distill.Teacher.Pilot;
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
        // A token with its likeliest ones takes so many times the room; a part is held in memory while it is written.
        int rowsPerPart = shard.RowsPerPart(plan.Count, Math.Max(1, _rowsPerPart / (1 + options.TopLogprobs)));
        RunSettings settings = RunSettings.Of(plan, options, verifier, teacher.BatchSize, shard, rowsPerPart);
        using var cache = new CompletionCache();
        if (options.Fork) LedgerFork.SetAside(options.Out, settings);
        using RolloutLedger ledger = RolloutLedger.Open(options.Out, settings, plan.Count, Journal);
        try
        {
            return await CompleteAsync(options, teacher, verifier, prompts, new TraceParts(options.Out, plan, ledger, shard, rowsPerPart), plan, ledger, cache, progress, cancellation);
        }
        catch (Exception e) when (e is not StagePausedException) // a batch file that was written waits for this ledger
        {
            ledger.DiscardIfUnused();
            throw;
        }
    }

    private async Task<TeacherGenResult> CompleteAsync(
        TeacherGenOptions options, ICompletionSource teacher, IVerifier verifier, PromptSet prompts, TraceParts parts, RolloutPlan plan, RolloutLedger ledger, CompletionCache cache,
        IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (teacher.BatchSize is null) // what was computed in a group depends on the group: it fits no other run
        {
            LedgerFork.AddTo(cache, options.Out);
            if (options.Cache is not null) cache.AddFolder(options.Cache, options.Out);
        }
        parts.WriteMissing();
        PilotSample? pilot = options.Pilot is { } size ? PilotSample.Draw(plan, parts, teacher.BatchSize, size, options.Seed) : null;
        int wanted = pilot is null ? parts.Rollouts : ledger.Tally.Rollouts + pilot.Rollouts.Count(index => !ledger.Has(index));
        using var report = new GenerationProgress(progress, _time, wanted, options, ledger, teacher as EndpointFleet);
        report.Report();
        var intake = new RolloutIntake(plan, verifier, ledger, parts, report, teacher.BatchSize is not null);
        var run = new GenerationRun(options, teacher, plan, ledger, parts, intake, report);
        run.TakeOver(cache);
        IReadOnlyList<string> notes = [];
        if (options.EmitBatch is not null) throw new BatchEmission(options, plan, ledger, parts).Write(cancellation);
        if (options.IngestBatch.Count > 0) notes = await IngestAsync(new BatchIngestion(options, plan, ledger, parts, intake), ledger, parts, cancellation);
        else await run.CompleteMissingAsync(pilot, cancellation);
        int states = ledger.Tally.EndStates.Values.Sum();
        if (ledger.Tally.Rollouts < wanted || states != ledger.Tally.Rollouts)
            throw new InvalidOperationException($"{teacher.Identity} left {wanted - ledger.Tally.Rollouts} of {wanted} rollouts without a word ({states} have an end state)");
        report.Report();
        if (pilot is not null) throw Pause(options, teacher, plan, ledger, pilot, parts.Rollouts);
        TeacherGenResult result = TeacherGenResult.Of(teacher.Identity, options, prompts, ledger);
        return result with { Notes = [.. notes, .. result.Notes] };
    }

    private static async Task<IReadOnlyList<string>> IngestAsync(BatchIngestion ingestion, RolloutLedger ledger, TraceParts parts, CancellationToken cancellation)
    {
        IReadOnlyList<string> notes = await ingestion.ReadAsync(cancellation);
        int missing = parts.Rollouts - ledger.Tally.Rollouts;
        return missing == 0 ? notes
            : throw new StagePausedException([.. notes, $"{missing} of {parts.Rollouts} rollouts are missing: ingest further files, emit them again, or let servers complete them (--endpoint)"],
                "ingest_batch", ("emit_batch", "REST.jsonl"), StagePausedException.WaitsElsewhere);
    }

    private static StagePausedException Pause(TeacherGenOptions options, ICompletionSource teacher, RolloutPlan plan, RolloutLedger ledger, PilotSample pilot, int total)
    {
        int? places = (teacher as EndpointFleet)?.Snapshot().Endpoints.Where(endpoint => endpoint.State == "up").Sum(endpoint => endpoint.Limit);
        PilotReport report = PilotReport.Of(teacher.Identity, options, [.. pilot.Rollouts.Select(ledger.Read)], plan.SamplesPerPrompt, teacher.BatchSize, places > 0 ? places : null, total, ledger.Tally);
        report.Save(options.Out);
        return new StagePausedException(PilotText.Lines(report, Path.Combine(options.Out, PilotReport.FileName), options), "pilot");
    }
}
