using System.Text.Json;
using System.Text.Json.Nodes;
using Distill.Runs;

namespace Distill.Pipelines;

/// <summary>
/// What a stage's folder says about itself: <c>manifest.json</c> when finished, a hidden mark with the fingerprint from the
/// first moment on. The mark tells unfinished work that can go on from work of other options.
/// </summary>
internal static class StageFolder
{
    /// <summary>Memory of content hashes, beside a result or in the run folder.</summary>
    public const string InputHashesFile = ".input-hashes.json";

    private const string MarkName = ".stage.json";

    public static (StageStatus Status, RunManifest? Manifest) Inspect(string folder, StageKind kind, string fingerprint)
    {
        if (RunManifest.TryLoad(folder) is { } manifest)
            return manifest.Stage == kind.Name && manifest.Fingerprint == fingerprint ? (StageStatus.Done, manifest) : (StageStatus.Stale, null);
        if (ReadMark(folder) is { } mark) return (mark.Fingerprint == fingerprint ? StageStatus.Unfinished : HoldsWork(folder) ? StageStatus.Stale : StageStatus.New, null);
        return (IsEmpty(folder) ? StageStatus.New : StageStatus.Stale, null);
    }

    /// <summary>Seconds that earlier attempts took.</summary>
    public static double SecondsSoFar(string folder) => ReadMark(folder)?.Seconds ?? 0;

    public static void Mark(string folder, StageMark mark) => AtomicFile.WriteText(Path.Combine(folder, MarkName), JsonSerializer.Serialize(mark));

    /// <summary>The options and inputs in which the work of a folder differs; none where the folder does not tell.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">The present options that decide the result.</param>
    /// <param name="inputs">The present inputs by path.</param>
    public static IReadOnlyList<OptionDifference> DifferencesFrom(string folder, JsonObject options, IReadOnlyDictionary<string, string> inputs)
    {
        StageMark? mark = ReadMark(folder);
        RunManifest? manifest = RunManifest.TryLoad(folder);
        if ((manifest?.Options ?? mark?.Options) is not { } before || (manifest?.Inputs ?? mark?.Inputs) is not { } inputsBefore) return [];
        return
        [
            .. options.Where(option => before.ContainsKey(option.Key) && !JsonNode.DeepEquals(before[option.Key], option.Value))
                .Select(option => new OptionDifference(option.Key, Text(before[option.Key]), Text(option.Value))),
            .. inputs.Keys.Union(inputsBefore.Keys).Where(path => inputs.GetValueOrDefault(path) != inputsBefore.GetValueOrDefault(path))
                .Select(path => new OptionDifference(path, Hash(inputsBefore.GetValueOrDefault(path)), Hash(inputs.GetValueOrDefault(path)))),
        ];

        static string Text(JsonNode? value) => value is JsonValue word && word.TryGetValue(out string? text) ? text : value?.ToJsonString() ?? "not set";

        static string Hash(string? hash) => hash is null ? "not read" : hash[..Math.Min(12, hash.Length)];
    }

    /// <summary>Whether distill made the folder, so that it may be replaced.</summary>
    public static bool IsOurs(string folder) => IsEmpty(folder) || RunManifest.TryLoad(folder) != null || ReadMark(folder) != null;

    /// <summary>Removes a result. The rename comes first: a crash leaves the result whole under its name, or not under it at all.</summary>
    public static void Discard(string folder)
    {
        if (!Directory.Exists(folder)) return;
        string discarded = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(folder))!, ".discarded-" + Path.GetFileName(folder));
        AtomicFile.Guard(folder, () =>
        {
            if (Directory.Exists(discarded)) Directory.Delete(discarded, recursive: true);
            Directory.Move(folder, discarded);
            Directory.Delete(discarded, recursive: true);
        });
    }

    /// <summary>Removes what a folder holds, leaving the lock and the memory of hashes.</summary>
    public static void Empty(string folder) => AtomicFile.Guard(folder, () =>
    {
        File.Delete(Path.Combine(folder, RunManifest.FileName)); // first: what is left must not pass for a finished result
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder))
        {
            if (Path.GetFileName(entry) is FolderLock.FileName or InputHashesFile or MarkName) continue;
            if (Directory.Exists(entry)) Directory.Delete(entry, recursive: true);
            else File.Delete(entry);
        }
        File.Delete(Path.Combine(folder, MarkName)); // last: until then the folder is known as ours
    });

    /// <summary>Makes a finished result unfinished, leaving everything else.</summary>
    public static void Reopen(string folder) => AtomicFile.Guard(folder, () => File.Delete(Path.Combine(folder, RunManifest.FileName)));

    private static bool IsEmpty(string folder) =>
        !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any(entry => Path.GetFileName(entry) is not (FolderLock.FileName or InputHashesFile));

    // What failed before it made anything left nothing to be careful with.
    private static bool HoldsWork(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any(file => Path.GetFileName(file) is not (FolderLock.FileName or InputHashesFile or MarkName));

    private static StageMark? ReadMark(string folder)
    {
        string path = Path.Combine(folder, MarkName);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<StageMark>(File.ReadAllText(path));
        }
        catch (JsonException)
        {
            return new StageMark("", 0, null, null); // damaged: ours, but no proof of what it was
        }
    }
}

/// <summary>What a folder says of the work in it before it is finished.</summary>
/// <param name="Fingerprint">Identity of the work.</param>
/// <param name="Seconds">Seconds that went into it.</param>
/// <param name="Options">The options that decide the result; null in older folders.</param>
/// <param name="Inputs">The inputs by path; null in older folders.</param>
/// <param name="Reading">How far it has come; null before it says so, and in older folders.</param>
internal sealed record StageMark(string Fingerprint, double Seconds, JsonObject? Options, IReadOnlyDictionary<string, string>? Inputs, StageReading? Reading = null);

/// <summary>How far a stage has come.</summary>
/// <param name="Part">Name of the stage or of its present part.</param>
/// <param name="Completed">Units done.</param>
/// <param name="Total">Units in all, or 0 when unknown.</param>
/// <param name="Unit">What is counted.</param>
internal sealed record StageReading(string Part, long Completed, long Total, string Unit);

/// <summary>An option or input in which two runs of a stage differ.</summary>
/// <param name="Name">The option in snake_case, or the input's path.</param>
/// <param name="Before">What it was.</param>
/// <param name="Now">What it is.</param>
internal readonly record struct OptionDifference(string Name, string Before, string Now);
