using System.Diagnostics;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>
/// Runs one stage in its folder and says so on disk: the mark first, the manifest last. A stage that was cut off goes on,
/// one that is done is left alone.
/// </summary>
public static class StageRun
{
    private static readonly TimeSpan MarkEvery = TimeSpan.FromSeconds(10);

    /// <summary>Runs a command by itself, outside any pipeline.</summary>
    /// <param name="kind">The command.</param>
    /// <param name="values">What the user gave.</param>
    /// <param name="replace">Whether a result of other options or inputs may be replaced.</param>
    /// <param name="progress">Receives readings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops the stage where it can go on later.</param>
    /// <returns>The stage's manifest, and whether it was there already.</returns>
    /// <exception cref="InputException">The values or the inputs cannot be used, or the folder holds something else.</exception>
    public static async Task<(RunManifest Manifest, bool WasDone)> RunAloneAsync(
        StageKind kind, IReadOnlyList<OptionValue> values, bool replace, IProgress<ProgressEvent> progress, TimeProvider time, CancellationToken cancellation)
    {
        object raw = kind.Options.Bind(kind.Name, null, values);
        string folder = Path.GetFullPath(kind.Options.Find("out")!.TextIn(raw));
        var hashes = new InputHashes(Path.Combine(folder, StageFolder.InputHashesFile), time);
        StageBinding binding = StageBinding.Make(kind, null, values, null, new Dictionary<string, PlannedStage>(), hashes);
        using FolderLock locked = FolderLock.Take(folder); // not before: what cannot run leaves nothing behind
        var (status, manifest) = StageFolder.Inspect(folder, kind, binding.Fingerprint);
        if (status == StageStatus.Stale && !StageFolder.IsOurs(folder)) throw NotOurs(folder);
        hashes.Save();
        if (manifest != null) return (manifest, true);
        if (status == StageStatus.New || (status == StageStatus.Stale && replace)) StageFolder.Empty(folder);
        else if (status == StageStatus.Stale)
        {
            IReadOnlyList<OptionDifference> differences = StageFolder.DifferencesFrom(folder, kind.Options.ToResultJson(binding.Options), binding.Inputs);
            bool goesOn = binding.Options is IForkableOptions { Fork: true }
                || (binding.Options is IExtendableOptions { Extend: true } longer && differences.Count > 0 && differences.All(difference => longer.MayDiffer.Contains(difference.Name)));
            if (!goesOn) throw OtherOptions(folder, binding.Options, differences);
            StageFolder.Reopen(folder);
        }
        return (await RunAsync(kind, binding.Options, folder, binding.Fingerprint, binding.Inputs, progress, cancellation), false);
    }

    internal static async Task<RunManifest> RunPlannedAsync(PlannedStage stage, IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        if (stage.Status is StageStatus.Stale or StageStatus.Done)
        {
            if (!StageFolder.IsOurs(stage.Folder)) throw NotOurs(stage.Folder);
            StageFolder.Discard(stage.Folder);
        }
        return await RunAsync(stage.Kind, stage.Options, stage.Folder, stage.Fingerprint, stage.Inputs, progress, cancellation);
    }

    private static async Task<RunManifest> RunAsync(
        StageKind kind, object options, string folder, string fingerprint, IReadOnlyDictionary<string, string> inputs,
        IProgress<ProgressEvent> progress, CancellationToken cancellation)
    {
        double before = StageFolder.SecondsSoFar(folder);
        JsonObject result = kind.Options.ToResultJson(options);
        var clock = Stopwatch.StartNew();
        StageReading? reading = null;
        Mark(before);
        var timed = new TimedProgress(progress, clock, MarkEvery, latest => reading = latest, () => Mark(before + clock.Elapsed.TotalSeconds));
        JsonObject results;
        try
        {
            results = await kind.RunAsync(options, timed, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && AtomicFile.Explain(folder, e) is { } explained)
        {
            throw explained;
        }
        catch (Exception e) when (e is OperationCanceledException or StagePausedException)
        {
            Mark(before + clock.Elapsed.TotalSeconds);
            throw;
        }
        var manifest = new RunManifest
        {
            Stage = kind.Name,
            Fingerprint = fingerprint,
            Seed = kind.Options.Find("seed") is { } seed && long.TryParse(seed.TextIn(options), out long value) ? value : 0,
            Options = kind.Options.ToJson(options),
            Inputs = new(inputs.ToDictionary(), StringComparer.Ordinal),
            Results = results,
            Seconds = Math.Round(before + clock.Elapsed.TotalSeconds, 2),
        };
        manifest.Save(folder);
        return manifest;

        void Mark(double seconds) => StageFolder.Mark(folder, new StageMark(fingerprint, seconds, result, inputs, reading));
    }

    private static InputException OtherOptions(string folder, object options, IReadOnlyList<OptionDifference> differences)
    {
        string named = differences.Count == 0 ? "" : ": " + string.Join("; ", differences.Select(difference => $"{difference.Name} was {difference.Before}, now {difference.Now}"));
        string longer = options is IExtendableOptions extendable && differences.Count > 0 && differences.All(difference => extendable.MayDiffer.Contains(difference.Name))
            ? ", or go on from where it ended with `--extend`" : "";
        string fork = options is IForkableOptions ? ", or begin anew there with `--fork` and keep what still fits" : "";
        return new($"{folder}: holds the result of other options or inputs{named}", $"choose another `--out`, or replace it with `--replace`{longer}{fork}");
    }

    private static InputException NotOurs(string folder) =>
        new($"{folder}: holds files that distill did not make", "choose another folder, or empty this one");

    /// <summary>Passes readings on, and now and then notes the time that has gone into the stage, and how far it has come.</summary>
    private sealed class TimedProgress(IProgress<ProgressEvent> inner, Stopwatch clock, TimeSpan every, Action<StageReading> note, Action mark) : IProgress<ProgressEvent>
    {
        private readonly Lock _gate = new();
        private TimeSpan _last;

        public void Report(ProgressEvent value)
        {
            inner.Report(value);
            lock (_gate)
            {
                if (value.Line is null) note(new StageReading(value.Stage, value.Completed, value.Total, value.Unit));
                if (clock.Elapsed - _last < every) return;
                _last = clock.Elapsed;
                mark();
            }
        }
    }
}
